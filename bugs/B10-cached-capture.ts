// expect: read-outside-bracket
// bytes: wrong on arm-soc lazy, arm-soc random
// A decoder's capture buffers are mapped once, cached, and read after each DQBUF with no SYNC: on
// an RK3399 pictures came out in part or all zero, while the same pictures through PRIME were right
// (libva-v4l2-request-fourier, commit ca4dd880, on git.reauktion.de). The memory of this camera's
// own buffers is uncached here, so the cached buffers come from the heap.
import { DmaHeap, type Kernel, VideoDevice } from 'dmabuf'

export default async function decode(kernel: Kernel): Promise<Uint8Array[]> {
  await using decoder = await VideoDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  const format = await decoder.setFormat({ width: 640, height: 360, format: 'YU12' })
  const buffers = await heap.allocateBuffers(2, format.sizeImage)
  const maps = buffers.map((buffer) => buffer.map({ access: 'read' }))
  await decoder.start(buffers)
  const pictures: Uint8Array[] = []
  for await (await using frame of decoder.frames({ count: 6 })) {
    const picture = maps[frame.index]?.read(0, frame.bytesUsed)
    if (picture !== undefined) pictures.push(picture)
  }
  for (const map of maps) map[Symbol.dispose]()
  return pictures
}
