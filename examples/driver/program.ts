// A camera fills buffers of our heap, the CPU draws, our blitter makes a negative of each.
// Expect: clean.
import { DmaHeap, type Kernel, VideoDevice } from 'dmabuf'
import { blitter } from './blitter.ts'
import { Blitter } from './blitter-client.ts'
import { gateway } from './gateway.ts'
import { pageHeap } from './page-heap.ts'

export const drivers = [pageHeap, blitter]
export const boards = [gateway]

const INVERT = 0xff

/** Returns the number of wrong bytes. */
export default async function negatives(kernel: Kernel): Promise<number> {
  await using camera = await VideoDevice.open(kernel)
  using heap = DmaHeap.open(kernel, 'pages')
  using blitter = Blitter.open(kernel)
  const format = await camera.setFormat({ width: 160, height: 120, format: 'XR24' })
  await camera.start(await heap.allocateBuffers(3, format.sizeImage))
  using negative = await blitter.create(format.sizeImage)
  let wrong = 0
  let number = 0
  for await (await using frame of camera.frames({ count: 4 })) {
    const drawn = await frame.buffer.withCpuAccess('read-write', (bytes) => {
      bytes.fill(255, 0, 4 * format.stride) // a bar at the top
      return bytes.slice()
    })
    await blitter.blit(frame.buffer, negative, INVERT, ++number)
    wrong += await negative.withCpuAccess('read', (bytes) => differences(drawn, bytes))
  }
  return wrong
}

/** The number of bytes in `after` that are not the negative of `before`, after the driver's number. */
function differences(before: Uint8Array, after: Uint8Array): number {
  return after.reduce(
    (sum, byte, at) => sum + (at < 4 || byte === 255 - (before[at] ?? 0) ? 0 : 1),
    0,
  )
}
