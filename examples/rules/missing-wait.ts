// A buffer is shown while the camera still fills it.
// Expect: missing-wait.
import { DmaHeap, DrmDevice, type Kernel, VideoDevice } from 'dmabuf'

export default async function pipeline(kernel: Kernel): Promise<void> {
  await using camera = await VideoDevice.open(kernel)
  await using display = await DrmDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  const format = await camera.setFormat({ width: 64, height: 32, format: 'XR24' })
  const buffers = await heap.allocateBuffers(2, format.sizeImage)
  await camera.start(buffers)
  for (const buffer of buffers) await display.show(buffer, format)
  for await (await using frame of camera.frames({ count: 2 })) void frame
}
