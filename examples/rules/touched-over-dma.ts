// The page is touched while the camera fills it, and its fault handler does not wait for the camera.
// Expect: touched-over-dma.
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
  map.read(0, 4096)
  for await (await using frame of camera.frames({ count: 1 })) map.read(0, frame.bytesUsed)
}
