import { PAGE_SIZE } from '../../../abi/fcntl.ts'
import { Extents } from '../../../machine/extents.ts'

/** Devices are given addresses of 32 bits as long as there are any: some claim more than they can. */
const PREFERRED = 2 ** 32

/**
 * Free I/O virtual addresses. Freed ranges are kept by size and used again before others, as the
 * kernel's range caches do; the lowest page is never used.
 */
export class IovaSpace {
  readonly #free = new Extents([{ start: PAGE_SIZE, end: Number.MAX_SAFE_INTEGER }])
  readonly #cached = new Map<number, number[]>()

  /** The start of `size` bytes below `limit`, aligned to their size rounded up to a power of two. */
  take(size: number, limit: number): number | undefined {
    return this.#takeCached(size, limit) ?? this.#takeFree(size, limit) ?? this.#retry(size, limit)
  }

  give(start: number, size: number): void {
    const same = this.#cached.get(size)
    if (same === undefined) this.#cached.set(size, [start])
    else same.push(start)
  }

  #takeCached(size: number, limit: number): number | undefined {
    const same = this.#cached.get(size)
    const start = same?.at(-1)
    if (start === undefined || start + size > limit) return undefined
    same?.pop()
    return start
  }

  #takeFree(size: number, limit: number): number | undefined {
    const align = 2 ** Math.ceil(Math.log2(size))
    const top = Math.min(limit, Number.MAX_SAFE_INTEGER)
    const preferred = Math.min(PREFERRED, top)
    return (
      this.#free.takeHigh(size, align, 0, preferred) ?? this.#free.takeHigh(size, align, 0, top)
    )
  }

  #retry(size: number, limit: number): number | undefined {
    if (this.#cached.size === 0) return undefined
    for (const [length, starts] of this.#cached) {
      for (const start of starts) this.#free.put(start, start + length)
    }
    this.#cached.clear()
    return this.#takeFree(size, limit)
  }
}
