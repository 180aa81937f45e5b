/** A program in which the CPU and a device take turns on a buffer of the system heap. */
import { DmaHeap, type Kernel } from 'dmabuf'
import type { Program } from 'dmabuf/sim'
import { Engine } from '../driver/engine.ts'

export const SIZE = 16_384

/** The values that a machine without caches and copies gives `turns`. */
export const RIGHT: readonly number[] = [1, 5, 2, 6]

interface How {
  /** The CPU's stores and loads are inside CPU accesses. */
  readonly synced: boolean
}

/** Twice: the CPU fills, the device sums, the device fills, the CPU reads. Returns the values that were read. */
export const turns =
  ({ synced }: How): Program =>
  async (kernel: Kernel) => {
    using heap = DmaHeap.open(kernel)
    using buffer = await heap.allocate(SIZE)
    using dma = new Engine(kernel, 'dma')
    using map = buffer.map()
    const access = async (kind: 'read' | 'write', body: () => void): Promise<void> => {
      if (synced) await buffer.startCpuAccess(kind)
      body()
      if (synced) await buffer.endCpuAccess(kind)
    }
    const seen: unknown[] = []
    for (const value of [1, 2]) {
      await access('write', () => map.fill(value))
      seen.push((await dma.sum(buffer)) / SIZE)
      await dma.fill(buffer, value + 4)
      await access('read', () => seen.push(map.read(0, 1)[0]))
    }
    return seen
  }
