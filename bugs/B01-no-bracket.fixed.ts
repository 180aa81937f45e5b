// expect: clean
// bytes: right everywhere
// The grabber of B01 with its flag cleared: each picture is read between START and END.
import { DmaHeap, type Kernel, VideoDevice } from 'dmabuf'

export default async function grab(kernel: Kernel): Promise<Uint8Array[]> {
  await using camera = await VideoDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  const format = await camera.setFormat({ width: 640, height: 360, format: 'XR24' })
  await camera.start(await heap.allocateBuffers(2, format.sizeImage))
  const pictures: Uint8Array[] = []
  for await (await using frame of camera.frames({ count: 4 })) {
    await using cpu = await frame.buffer.beginCpuAccess('read')
    pictures.push(cpu.read(0, frame.bytesUsed))
  }
  return pictures
}
