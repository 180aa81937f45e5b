// expect: dirty-over-dma, write-outside-bracket
// bytes: wrong on arm-soc eager, arm-soc random
// Buffers were zeroed by the CPU and handed to an accelerator with nothing cleaned: the cache wrote
// its zeros back at some later time, over the accelerator's results (amd/xdna-driver, PR 1439 and
// 1440). A heap cleans fresh memory when a device is attached, so here it is the program that
// wipes: the used buffer, before the camera fills it anew.
import { DmaHeap, type Kernel, VideoDevice } from 'dmabuf'

export default async function capture(kernel: Kernel): Promise<Uint8Array[]> {
  await using camera = await VideoDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  const format = await camera.setFormat({ width: 640, height: 360, format: 'XR24' })
  await camera.start(await heap.allocateBuffers(2, format.sizeImage))
  const pictures: Uint8Array[] = []
  for await (await using frame of camera.frames({ count: 6 })) {
    await frame.buffer.withCpuAccess('read', (bytes) => pictures.push(bytes.slice()))
    using map = frame.buffer.map()
    map.fill(0)
  }
  return pictures
}
