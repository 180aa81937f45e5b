// expect: clean
// bytes: right everywhere
// The program of B22 wipes inside a CPU access, whose END cleans before the camera gets the buffer.
import { DmaHeap, type Kernel, VideoDevice } from 'dmabuf'

export default async function capture(kernel: Kernel): Promise<Uint8Array[]> {
  await using camera = await VideoDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  const format = await camera.setFormat({ width: 640, height: 360, format: 'XR24' })
  await camera.start(await heap.allocateBuffers(2, format.sizeImage))
  const pictures: Uint8Array[] = []
  for await (await using frame of camera.frames({ count: 6 })) {
    await frame.buffer.withCpuAccess('read', (bytes) => pictures.push(bytes.slice()))
    await frame.buffer.withCpuAccess('write', (bytes) => bytes.fill(0))
  }
  return pictures
}
