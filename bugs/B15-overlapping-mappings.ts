// expect: clean
// bytes: right everywhere
// lints: redundant-sync
// udmabuf maps a buffer for itself at the first START, and importers map the same pages besides:
// the kernel's debugging code called that an overlap of cache lines, though nothing is wrong with
// mappings that overlap because they belong to one dma-buf (linux-media, 20260331061657.79983-1). A
// checker must not repeat the mistake. Here every buffer is mapped for the camera, twice for the
// display and three times for the CPU, and accesses for reading are open through two descriptors at
// once.
import { DmaHeap, DrmDevice, type Kernel, VideoDevice } from 'dmabuf'

export default async function pipeline(kernel: Kernel): Promise<Uint8Array[]> {
  await using camera = await VideoDevice.open(kernel)
  await using display = await DrmDevice.open(kernel)
  await using preview = await DrmDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  const format = await camera.setFormat({ width: 640, height: 360, format: 'XR24' })
  await camera.start(await heap.allocateBuffers(3, format.sizeImage))
  const pictures: Uint8Array[] = []
  for await (await using frame of camera.frames({ count: 6 })) {
    await using _imported = await preview.importBuffer(frame.buffer)
    using copy = frame.buffer.dup()
    using whole = frame.buffer.map()
    await frame.buffer.withCpuAccess('read-write', () => {
      whole.fill(255, 0, 4 * format.bytesPerLine) // a bar at the top
    })
    await frame.buffer.withCpuAccess('read', async (bytes) => {
      await copy.withCpuAccess('read', (same) => {
        pictures.push(bytes.slice(0, format.sizeImage / 2), same.slice(format.sizeImage / 2))
      })
    })
    await display.show(frame)
  }
  return pictures
}
