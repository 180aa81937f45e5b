import { FirstTouch } from '../../machine/first-touch.ts'
import type { Machine } from '../../machine/machine.ts'
import type { Storage } from '../../machine/storage.ts'
import type { StorageRun } from '../dma/sg-table.ts'
import type { PinnedPages } from './memfd.ts'

/** The longest piece that one array can show; a longer file has several. */
const LONGEST_EXTENT: number = 2 ** 30

/** Makes bytes `[start, end)` of the file zero. */
export type ZeroBytes = (start: number, end: number) => void

/** Pages that came together: those of one growth of the file. */
interface Extent {
  readonly storage: Storage
  /** Bytes of the storage that belong to the file. */
  length: number
  /** Holders: the file itself, while any page belongs to it, and the pins. */
  holders: number
}

/** The pages of a memfd in order, whole pages. Pinned pages outlive the file. */
export class Extents {
  readonly #machine: Machine
  readonly #zero: ZeroBytes
  readonly #extents: Extent[] = []
  #length = 0

  /** `zero` is called for pages that are touched for the first time. */
  constructor(machine: Machine, zero: ZeroBytes) {
    this.#machine = machine
    this.#zero = zero
  }

  /** Bytes. */
  get length(): number {
    return this.#length
  }

  /** `by` more bytes, whole pages, which get their frames with the first touch. */
  grow(by: number): void {
    for (let left = by; left > 0; left -= LONGEST_EXTENT)
      this.#append(Math.min(left, LONGEST_EXTENT))
  }

  #append(size: number): void {
    const at = this.#length
    const { ram } = this.#machine
    const storage = FirstTouch.reserve(ram, size, (_, start, end) => {
      this.#zero(at + start, at + Math.min(end, extent.length))
    })
    const extent = { storage, length: size, holders: 1 }
    this.#extents.push(extent)
    this.#length += size
  }

  /** Releases all pages from byte `end` on. */
  cut(end: number): void {
    for (let over = this.length - end; over > 0; ) {
      const last = this.#extents.at(-1) as Extent
      const cut = Math.min(over, last.length)
      last.length -= cut
      this.#length -= cut
      over -= cut
      if (last.length > 0) continue
      this.#extents.pop()
      this.#put(last)
    }
  }

  /**
   * The existing part of `[start, end)`. Pages that were never touched have no frames: an access to
   * the bytes of a run touches them first (`Storage.touch`).
   */
  runs(start: number, end: number): StorageRun[] {
    return this.#parts(start, end).map(({ run }) => run)
  }

  /** Keeps the pages of `[start, end)` where they are, all of which come now. ENOMEM. */
  pin(start: number, end: number): PinnedPages {
    const parts = this.#parts(start, end)
    for (const { run } of parts) run.storage.touch(run.offset, run.offset + run.length)
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
