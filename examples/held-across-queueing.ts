// The access is still open when the display reads and the camera gets the buffer back.
// Expect: bracket-over-dma. The overlay is missing on arm-soc; pc hides it.
import { DmaHeap, DrmDevice, type Kernel, VideoDevice } from 'dmabuf'
import { drawOverlay } from './overlay.ts'

export default async function pipeline(kernel: Kernel): Promise<void> {
  await using camera = await VideoDevice.open(kernel)
  await using display = await DrmDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  const format = await camera.setFormat({ width: 640, height: 360, format: 'XR24' })
  await camera.start(await heap.allocateBuffers(4, format.sizeImage))
  for await (await using frame of camera.frames({ count: 24 })) {
    const cpu = await frame.buffer.beginCpuAccess('read-write')
    drawOverlay(cpu.bytes, format)
    await display.show(frame)
  }
}
