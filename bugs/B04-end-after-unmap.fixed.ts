// expect: clean
// bytes: right everywhere
// The renderer of B04 with END before the view goes.
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
      await buffer.endCpuAccess('write')
    }
    await display.show(buffer, LAYOUT)
  }
}
