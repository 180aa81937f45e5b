import type { Range } from '../events/event.ts'
import { overlaps } from './range-map.ts'

const MOST_RANGES = 1024

/** Which bytes something was done to, as ranges in order that do not touch. */
export class Coverage {
  #ranges: Range[] = []
  /** Too many ranges to keep: every byte counts from then on. */
  #isFull = false

  get isEmpty(): boolean {
    return !this.#isFull && this.#ranges.length === 0
  }

  add(range: Range): void {
    if (this.#isFull || range.start >= range.end) return
    const apart = this.#ranges.filter(({ start, end }) => end < range.start || range.end < start)
    const joined = this.#ranges.filter((known) => !apart.includes(known))
    const start = Math.min(range.start, ...joined.map((known) => known.start))
    const end = Math.max(range.end, ...joined.map((known) => known.end))
    this.#ranges = [...apart, { start, end }].sort((a, b) => a.start - b.start)
    this.#isFull = this.#ranges.length > MOST_RANGES
  }

  /** Whether something was done to every byte that `other` covers. */
  covers(other: Coverage): boolean {
    if (this.#isFull || other.#isFull) return true
    return other.#ranges.every((range) => this.missing(range).length === 0)
  }

  /** Whether something was done to any byte of the range. */
  meets(range: Range): boolean {
    return this.#isFull || this.#ranges.some((known) => overlaps(known, range))
  }

  /** The parts of the range that were left out. */
  missing({ start, end }: Range): Range[] {
    if (this.#isFull) return []
    const gaps: Range[] = []
    let from = start
    for (const known of this.#ranges) {
      if (known.end <= from) continue
      if (known.start >= end) break
      if (known.start > from) gaps.push({ start: from, end: known.start })
      from = known.end
    }
    if (from < end) gaps.push({ start: from, end })
    return gaps
  }
}
