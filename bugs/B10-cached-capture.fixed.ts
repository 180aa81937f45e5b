// expect: clean
// bytes: right everywhere
// The decoder of B10: the same mapping, read between START and END.
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
    await frame.buffer.startCpuAccess('read')
    const picture = maps[frame.index]?.read(0, frame.bytesUsed)
    await frame.buffer.endCpuAccess('read')
    if (picture !== undefined) pictures.push(picture)
  }
  for (const map of maps) map[Symbol.dispose]()
  return pictures
}
