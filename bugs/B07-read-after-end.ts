// expect: use-after-release
// bytes: none, it throws everywhere
// A player keeps the last picture for when it is paused, but keeps the mapped bytes themselves: by
// the time they are read, END was sent and the buffer unmapped, and the player crashes. The fix
// reads while the access is open (xbmc, PR 29174).
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
    paused = map.bytes
    await frame.buffer.endCpuAccess('read')
  }
  return paused.slice()
}
