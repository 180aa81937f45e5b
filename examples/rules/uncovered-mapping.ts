// The display has a udmabuf, and the program draws through its memfd, outside any CPU access of the udmabuf.
// Expect: uncovered-mapping.
import { DmaHeap, DrmDevice, type Kernel, Memfd, Udmabuf } from 'dmabuf'

const SIZE = 8192
const LAYOUT = { width: 64, height: 32, format: 'XR24', stride: 256 } as const

export default async function slides(kernel: Kernel): Promise<void> {
  await using display = await DrmDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  using udmabuf = Udmabuf.open(kernel)
  using memfd = Memfd.create(kernel, 'pixels', SIZE, { seals: ['shrink'] })
  using buffer = await udmabuf.create(memfd)
  using other = await heap.allocate(SIZE)
  for (const each of [buffer, other]) {
    await each.withCpuAccess('write', (bytes) => bytes.fill(100))
    await display.show(each, LAYOUT)
  }
  using map = memfd.map()
  map.bytes.fill(200, 1000, 2000)
  await display.show(buffer, LAYOUT)
}
