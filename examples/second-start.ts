// A second START comes while the first access is open, and discards its stores.
// Expect: unbalanced-bracket. The overlay is missing on arm-soc; pc hides it.
import { DmaHeap, DrmDevice, type Kernel, VideoDevice } from 'dmabuf'
import { drawOverlay } from './overlay.ts'

export default async function pipeline(kernel: Kernel): Promise<void> {
  await using camera = await VideoDevice.open(kernel)
  await using display = await DrmDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  const format = await camera.setFormat({ width: 640, height: 360, format: 'XR24' })
  await camera.start(await heap.allocateBuffers(4, format.sizeImage))
  for await (await using frame of camera.frames({ count: 24 })) {
    await using cpu = await frame.buffer.beginCpuAccess('read-write')
    drawOverlay(cpu.bytes, format)
    await frame.buffer.startCpuAccess('read')
    await cpu.end()
    await display.show(frame)
  }
}
