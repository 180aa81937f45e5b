import { KernelError } from './kernel-error.ts'
import type { FrameRequest, Ram } from './ram.ts'
import type { Storage } from './storage.ts'

/** Pages come in runs of this length, as with transparent huge pages, cut to the memory's end. */
const GRANULE: number = 2 * 2 ** 20

/** Bytes of a storage, and whether they have pages. */
export interface TouchedPart {
  readonly start: number
  readonly end: number
  readonly touched: boolean
}

/** Called once for each range that is touched for the first time: makes it zero. */
export type ZeroPages = (storage: Storage, start: number, end: number) => void

/**
 * Memory of a file in memory (shmem): a page gets its frame with the first access to it, and is zero then.
 * Until then it takes no frames and none of the host's memory.
 * Source: shmem_get_folio_gfp in mm/shmem.c of Linux 6.12.
 */
export class FirstTouch {
  readonly #ram: Ram
  readonly #storage: Storage
  readonly #frames: FrameRequest
  readonly #zero: ZeroPages
  readonly #touched = new Set<number>()

  private constructor(ram: Ram, storage: Storage, frames: FrameRequest, zero: ZeroPages) {
    this.#ram = ram
    this.#storage = storage
    this.#frames = frames
    this.#zero = zero
  }

  /** A storage of `size` bytes, whole pages, of which none were touched. */
  static reserve(ram: Ram, size: number, zero: ZeroPages, frames: FrameRequest = {}): Storage {
    const storage = ram.reserve(size, frames)
    storage.firstTouch = new FirstTouch(ram, storage, frames, zero)
    return storage
  }

  /** Gives the pages of `[start, end)` their frames. ENOMEM, and the range has no more than before. */
  touch(start: number, end: number): void {
    for (const part of this.parts(start, end)) {
      if (!part.touched) this.#populate(part)
    }
  }

  /** `[start, end)`, cut where pages begin or end to be there. */
  parts(start: number, end: number): TouchedPart[] {
    const parts: TouchedPart[] = []
    for (let at = start; at < end; ) {
      const to = Math.min(end, (Math.floor(at / GRANULE) + 1) * GRANULE)
      const touched = this.#touched.has(Math.floor(at / GRANULE))
      const last = parts.at(-1)
      if (last?.touched === touched) parts[parts.length - 1] = { ...last, end: to }
      else parts.push({ start: at, end: to, touched })
      at = to
    }
    return parts
  }

  #populate(part: TouchedPart): void {
    const start = Math.floor(part.start / GRANULE) * GRANULE
    const end = Math.min(Math.ceil(part.end / GRANULE) * GRANULE, this.#storage.size)
    if (!this.#ram.populate(this.#storage, start, end, this.#frames)) {
      throw new KernelError(
        'ENOMEM',
        `${end - start} bytes are touched for the first time, and ${this.#ram.availableBytes} are free`,
      )
    }
    for (let at = start; at < end; at += GRANULE) this.#touched.add(at / GRANULE)
    this.#zero(this.#storage, start, end)
  }
}
