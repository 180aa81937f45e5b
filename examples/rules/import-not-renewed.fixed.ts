// The system heap syncs the mappings of all devices at each CPU access.
import { DmaHeap, type Kernel, VideoDevice } from 'dmabuf'

export default async function capture(kernel: Kernel): Promise<void> {
  await using camera = await VideoDevice.open(kernel)
  using heap = DmaHeap.open(kernel, 'system')
  const format = await camera.setFormat({ width: 64, height: 32, format: 'XR24' })
  using buffer = await heap.allocate(format.sizeImage)
  using map = buffer.map()
  await camera.start([buffer])
  for await (await using frame of camera.frames({ count: 2 })) {
    await using _access = await frame.buffer.beginCpuAccess('read')
    map.read(0, frame.bytesUsed)
  }
}
