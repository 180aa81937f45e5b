import type { Range } from '../../events/event.ts'

export interface Entry<T> extends Range {
  readonly value: T
}

/**
 * The last value set for each byte of a buffer. Holds a bounded count of ranges: beyond it the
 * oldest is forgotten.
 */
export class RangeMap<T> {
  readonly #most: number
  #entries: Entry<T>[] = []

  constructor(most: number) {
    this.#most = most
  }

  set({ start, end }: Range, value: T): void {
    if (start >= end) return
    this.delete({ start, end })
    this.#entries.push({ start, end, value })
    if (this.#entries.length > this.#most) this.#entries.shift()
  }

  delete({ start, end }: Range): void {
    if (!this.#entries.some((entry) => entry.start < end && start < entry.end)) return
    this.#entries = this.#entries.flatMap((entry) => without(entry, start, end))
  }

  /** The last value set for any byte of the range. */
  latest(range: Range): T | undefined {
    return this.#entries.findLast((entry) => overlaps(entry, range))?.value
  }

  /** Whether something may have been forgotten. */
  get isFull(): boolean {
    return this.#entries.length >= this.#most
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0
  }

  /** The entries, cut to the range. */
  within({ start, end }: Range): Entry<T>[] {
    return this.#entries
      .filter((entry) => overlaps(entry, { start, end }))
      .map((entry) => ({
        ...entry,
        start: Math.max(entry.start, start),
        end: Math.min(entry.end, end),
      }))
  }

  clear(): void {
    this.#entries = []
  }
}

export function overlaps(a: Range, b: Range): boolean {
  return a.start < b.end && b.start < a.end
}

function without<T>(entry: Entry<T>, start: number, end: number): Entry<T>[] {
  if (!overlaps(entry, { start, end })) return [entry]
  return [
    { ...entry, end: Math.min(entry.end, start) },
    { ...entry, start: Math.max(entry.start, end) },
  ].filter((rest) => rest.start < rest.end)
}
