/** A 4K frame on a board that bounces every DMA, over the copies that this takes by itself. */
import { pcBounce } from '../src/boards/pc-bounce.ts'
import { ratioOf, show } from './ratio.ts'
import { Rig } from './rig.ts'

/** 3840x2160 NV12. The heap's pieces of 1 MiB would be refused: this buffer's are of 64 KiB. */
const FRAME = (3840 * 2160 * 3) / 2
const PIECE = 64 * 1024

/**
 * The camera's bytes go to its bounce copy, to the buffer at START, which the CPU fills, to the bounce
 * copies of both at END, and from the display's to the screen.
 */
function neededCopies(): (value: number) => void {
  const [camera, first, buffer, second, screen] = Array.from({ length: 5 }, () =>
    new Uint8Array(FRAME).fill(1),
  ) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array]
  return (value) => {
    first.set(camera)
    buffer.set(first)
    buffer.set(second)
    buffer.fill(value)
    first.set(buffer)
    second.set(buffer)
    screen.set(second)
  }
}

/** The camera and the display have the buffer mapped; both see copies of it. */
async function bouncedCycle(stores: 'array' | 'exact'): Promise<(value: number) => Promise<void>> {
  const rig = new Rig(pcBounce)
  const { ram } = rig.machine
  const allocate = ram.allocate.bind(ram)
  ram.allocate = (size) => allocate(size, PIECE)
  const { user, kernel } = await rig.allocate(FRAME)
  const camera = await rig.map(kernel, 'camera', 'from-device')
  const display = await rig.map(kernel, 'display', 'bidirectional')
  const source = new Uint8Array(FRAME).fill(1)
  const screen = new Uint8Array(FRAME)
  return async (value) => {
    rig.write(camera, source)
    await using cpu = await user.beginCpuAccess('read-write')
    if (stores === 'exact') cpu.fill(value, 0, FRAME)
    else cpu.bytes.fill(value, 0, FRAME)
    await cpu.end()
    rig.read(display, screen)
  }
}

export async function benchBounced(): Promise<void> {
  for (const stores of ['exact', 'array'] as const) {
    const cycle = await bouncedCycle(stores)
    const copies = neededCopies()
    let value = 0
    const ratio = await ratioOf(
      () => cycle(++value & 255),
      () => copies(value & 255),
    )
    show(`cycle, pc-bounce, stores seen by ${stores}`, ratio, 1.3)
  }
}
