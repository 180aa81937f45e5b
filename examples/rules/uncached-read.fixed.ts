// Pictures are read from the buffers of a heap, which are cached.
// Expect: clean.
import { DmaHeap, type Kernel, VideoDevice } from 'dmabuf'

export default async function checksum(kernel: Kernel): Promise<number> {
  await using camera = await VideoDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  const format = await camera.setFormat({ width: 640, height: 360, format: 'XR24' })
  await camera.start(await heap.allocateBuffers(4, format.sizeImage))
  let sum = 0
  for await (await using frame of camera.frames({ count: 4 })) {
    await frame.buffer.withCpuAccess('read', (bytes) => {
      for (const byte of bytes) sum = (sum + byte) % 65_536
    })
  }
  return sum
}
