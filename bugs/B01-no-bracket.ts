// expect: read-outside-bracket
// bytes: wrong on arm-soc lazy, arm-soc random
// A screen grabber took a flag that meant "this is no real dma-buf" over from an older path, and so
// its new mapped path skipped START and END both. Every machine it was tested on was a coherent PC,
// where nothing can go wrong; it was seen in review (fxd0h/libdrmtap, issue 10).
import { DmaHeap, type Kernel, VideoDevice } from 'dmabuf'

export default async function grab(kernel: Kernel): Promise<Uint8Array[]> {
  await using camera = await VideoDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  const format = await camera.setFormat({ width: 640, height: 360, format: 'XR24' })
  await camera.start(await heap.allocateBuffers(2, format.sizeImage))
  const pictures: Uint8Array[] = []
  for await (await using frame of camera.frames({ count: 4 })) {
    using map = frame.buffer.map({ access: 'read' })
    pictures.push(map.read(0, frame.bytesUsed))
  }
  return pictures
}
