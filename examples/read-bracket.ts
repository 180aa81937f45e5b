// The access is declared read-only, but the program writes.
// Expect: bracket-direction on every board; arm64 cleans anyway, so the bytes come out right.
import { DmaHeap, DrmDevice, type Kernel, VideoDevice } from 'dmabuf'
import { drawOverlay } from './overlay.ts'

export default async function pipeline(kernel: Kernel): Promise<void> {
  await using camera = await VideoDevice.open(kernel)
  await using display = await DrmDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  const format = await camera.setFormat({ width: 640, height: 360, format: 'XR24' })
  await camera.start(await heap.allocateBuffers(4, format.sizeImage))
  for await (await using frame of camera.frames({ count: 24 })) {
    await frame.buffer.withCpuAccess('read', (bytes) => drawOverlay(bytes, format))
    await display.show(frame)
  }
}
