// expect: clean
// bytes: right everywhere
// The pipeline of B08, whose CPU access says that it reads and writes.
import { DmaHeap, DrmDevice, type Kernel, VideoDevice } from 'dmabuf'

export default async function pipeline(kernel: Kernel): Promise<void> {
  await using camera = await VideoDevice.open(kernel)
  await using display = await DrmDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  const format = await camera.setFormat({ width: 640, height: 360, format: 'XR24' })
  await camera.start(await heap.allocateBuffers(4, format.sizeImage))
  for await (await using frame of camera.frames({ count: 6 })) {
    await frame.buffer.startCpuAccess('read-write')
    using map = frame.buffer.map()
    map.bytes.fill(255, 0, 4 * format.bytesPerLine) // a bar at the top
    await frame.buffer.endCpuAccess('read-write')
    await display.show(frame)
  }
}
