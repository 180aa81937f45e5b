// expect: clean
// bytes: right everywhere
// lints: bracket-order
// A renderer gave its view of a buffer up first and sent END afterwards: the access was long over when
// the kernel heard of it. Only the order differs, and nothing goes wrong as long as nobody touches the
// bytes in between (xbmc, PR 17561, in review).
import { DmaHeap, DrmDevice, type Kernel } from 'dmabuf'

const LAYOUT = { format: 'XR24', width: 64, height: 32, bytesPerLine: 256 }

export default async function render(kernel: Kernel): Promise<void> {
  await using display = await DrmDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  const size = LAYOUT.bytesPerLine * LAYOUT.height
  using front = await heap.allocate(size)
  using back = await heap.allocate(size)
  for (let count = 0; count < 4; count++) {
    const buffer = count % 2 === 0 ? front : back
    await buffer.startCpuAccess('write')
    {
      using map = buffer.map()
      map.fill(60 * count)
    }
    await buffer.endCpuAccess('write')
    await display.show(buffer, LAYOUT)
  }
}
