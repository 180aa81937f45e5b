// expect: clean
// bytes: right everywhere
// The program of B27 with START where it belongs: after DQBUF.
import { DmaHeap, type Kernel, VideoDevice } from 'dmabuf'

export default async function capture(kernel: Kernel): Promise<Uint8Array[]> {
  await using camera = await VideoDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  const format = await camera.setFormat({ width: 640, height: 360, format: 'XR24' })
  const [buffer] = await heap.allocateBuffers(1, format.sizeImage)
  if (buffer === undefined) return []
  await camera.start([buffer])
  const pictures: Uint8Array[] = []
  for (let count = 0; count < 4; count++) {
    using map = buffer.map({ access: 'read' })
    await camera.dequeue()
    await buffer.startCpuAccess('read')
    pictures.push(map.bytes.slice())
    await buffer.endCpuAccess('read')
    await camera.queue(0)
  }
  return pictures
}
