// Camera to display in two buffers: each frame is drawn on with the CPU and shown, with no copy.
import { DmaHeap, DrmDevice, type Kernel, VideoDevice } from 'dmabuf'

export default async function pipeline(kernel: Kernel): Promise<void> {
  await using camera = await VideoDevice.open(kernel)
  await using display = await DrmDevice.open(kernel)
  using heap = DmaHeap.open(kernel)

  const format = await camera.setFormat({ width: 640, height: 360, format: 'XR24' })
  await camera.start(await heap.allocateBuffers(2, format.sizeImage))

  for await (await using frame of camera.frames({ count: 30 })) {
    await frame.buffer.withCpuAccess('read-write', (bytes) => {
      // A white bar over the first eight lines. The array is valid until this function returns.
      bytes.fill(0xff, 0, 8 * format.stride)
    })
    await display.show(frame)
  }
}
