// The heap's mappings need no SYNC, but the camera keeps its import, and the heap acts only when a device maps.
// Expect: import-not-renewed.
import { DmaHeap, type Kernel, VideoDevice } from 'dmabuf'
import { shootdownHeap } from 'dmabuf/sim'

export const drivers = [shootdownHeap()]

export default async function capture(kernel: Kernel): Promise<void> {
  await using camera = await VideoDevice.open(kernel)
  using heap = DmaHeap.open(kernel, 'shootdown')
  const format = await camera.setFormat({ width: 64, height: 32, format: 'XR24' })
  using buffer = await heap.allocate(format.sizeImage)
  using map = buffer.map()
  await camera.start([buffer])
  for await (await using frame of camera.frames({ count: 2 })) {
    map.read(0, frame.bytesUsed)
  }
}
