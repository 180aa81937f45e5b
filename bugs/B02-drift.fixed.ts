// expect: clean
// bytes: right everywhere
// The grabber of B02 with one START for each END.
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
    using map = frame.buffer.map({ access: 'read' })
    await frame.buffer.startCpuAccess('read')
    pictures.push(map.read(0, frame.bytesUsed))
    await frame.buffer.endCpuAccess('read')
  }
  await camera.stop()
  for (const frame of frames) await frame[Symbol.asyncDispose]()
  return pictures
}
