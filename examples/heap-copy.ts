// Copies a picture from a heap buffer to a udmabuf. Expect: clean on every board.
// It needs /dev/dma_heap/system and /dev/udmabuf, no camera and no display, and also runs
// with `--kernel linux`.
import { DmaHeap, type Kernel, Memfd, Udmabuf } from 'dmabuf'

const WIDTH = 640
const HEIGHT = 360
const SIZE = 4 * WIDTH * HEIGHT

export default async function heapCopy(kernel: Kernel): Promise<void> {
  using heap = DmaHeap.open(kernel)
  using drawn = await heap.allocate(SIZE)
  await drawn.withCpuAccess('write', drawGradient)

  using memory = Memfd.create(kernel, 'picture', SIZE, { seals: ['shrink'] })
  using device = Udmabuf.open(kernel)
  using copy = await device.create(memory)
  // Both accesses are open at once; each names its own direction.
  await drawn.withCpuAccess('read', async (from) => {
    await copy.withCpuAccess('write', (to) => to.set(from))
  })

  const wanted = await drawn.withCpuAccess('read', (bytes) => bytes.slice())
  const got = await copy.withCpuAccess('read', (bytes) => bytes.slice())
  const wrong = got.findIndex((byte, at) => byte !== wanted[at])
  if (got.length !== SIZE || wrong >= 0) throw new Error(`the copy differs at byte ${wrong}`)
}

/** XR24: red grows to the right, green downwards. */
function drawGradient(bytes: Uint8Array): void {
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      bytes.set([0, (255 * y) / HEIGHT, (255 * x) / WIDTH, 0xff], 4 * (y * WIDTH + x))
    }
  }
}
