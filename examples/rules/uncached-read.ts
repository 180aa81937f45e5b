// Pictures are read from the camera's own buffers, which are uncached on many boards.
// Expect: uncached-read.
import { type Kernel, VideoDevice } from 'dmabuf'

export default async function checksum(kernel: Kernel): Promise<number> {
  await using camera = await VideoDevice.open(kernel)
  await camera.setFormat({ width: 640, height: 360, format: 'XR24' })
  await camera.startMmap(4)
  let sum = 0
  for await (await using frame of camera.frames({ count: 4 })) {
    await frame.buffer.withCpuAccess('read', (bytes) => {
      for (const byte of bytes) sum = (sum + byte) % 65_536
    })
  }
  return sum
}
