// expect: early-invalidate
// bytes: wrong on arm-soc random
// A driver invalidated before the transfer began and not again after it. The cache fetched lines by
// itself in between, and what the CPU read had windows of exactly one line with the bytes of the
// transfer before (apache/nuttx, PR 19506; openmv, PR 1610 and issue 2216). As a program: START is
// sent while the camera is still filling the buffer, and DQBUF comes after.
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
    await buffer.startCpuAccess('read')
    await camera.dequeue()
    pictures.push(map.bytes.slice())
    await buffer.endCpuAccess('read')
    await camera.queue(0)
  }
  return pictures
}
