// expect: clean
// bytes: right everywhere
// The player of B07: what the paused screen needs is copied while the CPU access is open.
import { DmaHeap, type Kernel, VideoDevice } from 'dmabuf'

export default async function play(kernel: Kernel): Promise<Uint8Array> {
  await using camera = await VideoDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  const format = await camera.setFormat({ width: 640, height: 360, format: 'XR24' })
  await camera.start(await heap.allocateBuffers(2, format.sizeImage))
  let paused = new Uint8Array()
  for await (await using frame of camera.frames({ count: 3 })) {
    using map = frame.buffer.map()
    await frame.buffer.startCpuAccess('read')
    paused = map.bytes.slice()
    await frame.buffer.endCpuAccess('read')
  }
  return paused
}
