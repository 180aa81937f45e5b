// The picture is shown while the CPU access that draws it is still under way.
// Expect: bracket-not-awaited.
import { DmaHeap, DrmDevice, type Kernel } from 'dmabuf'

const LAYOUT = { width: 64, height: 32, format: 'XR24', stride: 256 } as const

export default async function slides(kernel: Kernel): Promise<void> {
  await using display = await DrmDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  using first = await heap.allocate(8192)
  using second = await heap.allocate(8192)
  for (const buffer of [first, second, first]) {
    void buffer.withCpuAccess('write', (bytes) => bytes.fill(200))
    await display.show(buffer, LAYOUT)
  }
}
