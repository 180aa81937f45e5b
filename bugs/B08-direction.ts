// expect: bracket-direction
// bytes: right everywhere
// A camera library changed how its CPU accesses say what they are for, and the GPU stopped seeing
// what Python had drawn: START and END said READ, the drawing was a write. Reverted
// (raspberrypi/picamera2, PR 1346, and PR 1343 before it). Kernels since 5.19 clean on arm64
// whatever END says; where syncing for a from-device mapping invalidates (32-bit ARM, MIPS) the bar
// is lost.
import { DmaHeap, DrmDevice, type Kernel, VideoDevice } from 'dmabuf'

export default async function pipeline(kernel: Kernel): Promise<void> {
  await using camera = await VideoDevice.open(kernel)
  await using display = await DrmDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  const format = await camera.setFormat({ width: 640, height: 360, format: 'XR24' })
  await camera.start(await heap.allocateBuffers(4, format.sizeImage))
  for await (await using frame of camera.frames({ count: 6 })) {
    await frame.buffer.startCpuAccess('read')
    using map = frame.buffer.map()
    map.bytes.fill(255, 0, 4 * format.bytesPerLine) // a bar at the top
    await frame.buffer.endCpuAccess('read')
    await display.show(frame)
  }
}
