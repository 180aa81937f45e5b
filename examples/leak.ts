// Every frame leaks a descriptor and its mapping.
// Expect: fd-leak. The picture is right, until the process runs out of descriptors.
import { DmaHeap, DrmDevice, type Kernel, VideoDevice } from 'dmabuf'
import { drawOverlay } from './overlay.ts'

export default async function pipeline(kernel: Kernel): Promise<void> {
  await using camera = await VideoDevice.open(kernel)
  await using display = await DrmDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  const format = await camera.setFormat({ width: 640, height: 360, format: 'XR24' })
  await camera.start(await heap.allocateBuffers(4, format.sizeImage))
  for await (await using frame of camera.frames({ count: 24 })) {
    await frame.buffer.dup().withCpuAccess('read-write', (bytes) => drawOverlay(bytes, format))
    await display.show(frame)
  }
}
