// expect: unbalanced-bracket
// bytes: right everywhere
// lints: redundant-sync
// START was sent before mmap and once more after it, but "begun" was noted down only once, so one
// END came for two STARTs: with every picture a CPU access more stays open (fxd0h/libdrmtap, issue
// 43). The second START itself only costs time.
import { DmaHeap, type Frame, type Kernel, VideoDevice } from 'dmabuf'

/** A burst: no buffer goes back to the camera before the last picture was taken. */
export default async function burst(kernel: Kernel): Promise<Uint8Array[]> {
  await using camera = await VideoDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  const format = await camera.setFormat({ width: 640, height: 360, format: 'XR24' })
  await camera.start(await heap.allocateBuffers(3, format.sizeImage))
  const pictures: Uint8Array[] = []
  const frames: Frame[] = []
  for await (const frame of camera.frames({ count: 3 })) {
    frames.push(frame)
    await frame.buffer.startCpuAccess('read')
    using map = frame.buffer.map({ access: 'read' })
    await frame.buffer.startCpuAccess('read')
    pictures.push(map.read(0, frame.bytesUsed))
    await frame.buffer.endCpuAccess('read')
  }
  await camera.stop()
  for (const frame of frames) await frame[Symbol.asyncDispose]()
  return pictures
}
