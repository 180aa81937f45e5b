// The program goes on while the display has not taken the picture yet.
// Expect: call-not-awaited.
import { DmaHeap, DrmDevice, type Kernel, VideoDevice } from 'dmabuf'

export default async function pipeline(kernel: Kernel): Promise<void> {
  await using camera = await VideoDevice.open(kernel)
  await using display = await DrmDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  const format = await camera.setFormat({ width: 64, height: 32, format: 'XR24' })
  await camera.start(await heap.allocateBuffers(4, format.sizeImage))
  for await (await using frame of camera.frames({ count: 8 })) {
    await frame.buffer.withCpuAccess('read-write', (bytes) => bytes.fill(255, 20, 120))
    void display.show(frame)
  }
}
