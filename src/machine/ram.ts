/**
 * Physical memory: page frames, handed out as storages and taken back.
 *
 * Frames that were freed are handed out again, first to an allocation of the same size, with the bytes
 * and the line states that they were left in: a cached line, or a device that still writes to an old
 * address, does not care whose the frame is now.
 */
import { lineState } from './line-state.ts'
import type { StateTables } from './state-table.ts'
import { type Chunk, Storage } from './storage.ts'

export const PAGE_SIZE = 4096
/** What never-used memory holds: not zero, so that reading it shows. */
const POISON = 0x5a
/** Sizes in pages of the chunks that the page allocator hands out at most. */
const LARGEST_CHUNK = 1 << 20

export interface RamOptions {
  /** The physical address of the first frame. */
  readonly base: number
  readonly size: number
  /** Whether a second copy of the bytes is needed, see `Storage.memory`. */
  readonly twoCopies: boolean
  readonly poison: boolean
  readonly tables: StateTables
}

export class Ram {
  readonly #options: RamOptions
  #next: number
  #storages = 0
  #live = 0
  #freeBytes = 0
  readonly #free = new Map<number, Storage[]>()

  constructor(options: RamOptions) {
    this.#options = options
    this.#next = options.base
  }

  /** Bytes in storages that somebody owns. */
  get liveBytes(): number {
    return this.#live
  }

  /**
   * Whole pages, `size` bytes of them, in chunks no longer than `largest`; undefined when memory is
   * full. The caller zeroes them: they hold what they held.
   */
  allocate(size: number, largest: number = LARGEST_CHUNK): Storage | undefined {
    if (this.#live + size > this.#options.size) return undefined
    const used = this.#free.get(size)?.pop()
    if (used !== undefined) this.#freeBytes -= size
    this.#live += size
    return used ?? this.#fresh(size, largest)
  }

  /** Takes the frames back. Views over them must be gone. */
  free(storage: Storage): void {
    storage.buffer = 0
    this.#live -= storage.size
    this.#freeBytes += storage.size
    const same = this.#free.get(storage.size)
    if (same === undefined) this.#free.set(storage.size, [storage])
    else same.push(storage)
  }

  #fresh(size: number, largest: number): Storage {
    if (this.#live + this.#freeBytes > this.#options.size) this.#forgetFree()
    const chunks: Chunk[] = []
    for (let offset = 0; offset < size; ) {
      const length = chunkLength(size - offset, largest)
      chunks.push({ physical: this.#next, offset, length })
      this.#next += length
      offset += length
    }
    const cached = new Uint8Array(size)
    const memory = this.#options.twoCopies ? new Uint8Array(size) : cached
    if (this.#options.poison) memory.fill(POISON)
    return new Storage(++this.#storages, chunks, { memory, cached }, this.#initial())
  }

  #initial(): { actual: number; possible: number } {
    const actual = lineState('absent', true, false)
    return { actual, possible: this.#options.tables.close(1 << actual) }
  }

  /**
   * Freed sizes that nobody asks for again would fill the host's memory: give their bytes up. Their
   * addresses are not used again, so an old mapping of such a frame reaches nobody else's bytes.
   */
  #forgetFree(): void {
    this.#free.clear()
    this.#freeBytes = 0
  }
}

/** The page allocator's orders 8, 4 and 0: 1 MiB, 64 KiB and single pages, as the system heap asks. */
function chunkLength(left: number, largest: number): number {
  for (const length of [1 << 20, 1 << 16]) if (length <= left && length <= largest) return length
  return PAGE_SIZE
}
