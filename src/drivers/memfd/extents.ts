import type { StorageRun } from '../../dma/sg-table.ts'
import type { PinnedPages } from '../../dmabuf/memory-file.ts'
import type { Machine } from '../../machine/machine.ts'
import type { Storage } from '../../machine/storage.ts'

/** Pages that came together: those of one growth of the file. */
interface Extent {
  readonly storage: Storage
  /** Bytes of the storage that belong to the file. */
  length: number
  /** The file itself, while any page belongs to it, and whoever pinned pages. */
  holders: number
}

/** The pages of a memfd in order, whole pages. Pages that somebody pinned outlive the file. */
export class Extents {
  readonly #machine: Machine
  readonly #extents: Extent[] = []

  constructor(machine: Machine) {
    this.#machine = machine
  }

  /** Bytes. */
  get length(): number {
    return this.#extents.reduce((sum, { length }) => sum + length, 0)
  }

  append(storage: Storage): void {
    this.#extents.push({ storage, length: storage.size, holders: 1 })
  }

  /** Lets go of everything from byte `end` on. */
  cut(end: number): void {
    for (let over = this.length - end; over > 0; ) {
      const last = this.#extents.at(-1) as Extent
      const cut = Math.min(over, last.length)
      last.length -= cut
      over -= cut
      if (last.length > 0) continue
      this.#extents.pop()
      this.#put(last)
    }
  }

  /** What there is of `[start, end)`. */
  runs(start: number, end: number): StorageRun[] {
    return this.#parts(start, end).map(({ run }) => run)
  }

  /** Keeps the pages of `[start, end)` where they are. */
  pin(start: number, end: number): PinnedPages {
    const parts = this.#parts(start, end)
    for (const { extent } of parts) extent.holders++
    return {
      runs: parts.map(({ run }) => run),
      unpin: () => {
        for (const { extent } of parts.splice(0)) this.#put(extent)
      },
    }
  }

  #parts(start: number, end: number): { extent: Extent; run: StorageRun }[] {
    const parts: { extent: Extent; run: StorageRun }[] = []
    let at = 0
    for (const extent of this.#extents) {
      const from = Math.max(start, at)
      const to = Math.min(end, at + extent.length)
      const { storage } = extent
      const run = { storage, offset: from - at, length: to - from }
      if (run.length > 0) parts.push({ extent, run })
      at += extent.length
    }
    return parts
  }

  #put(extent: Extent): void {
    extent.holders--
    if (extent.holders === 0) this.#machine.ram.free(extent.storage)
  }
}
