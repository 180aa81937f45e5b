import type { Range } from '../../events/event.ts'
import { firstIndex } from './first-index.ts'
import { overlaps } from './range-map.ts'

const MOST_RANGES = 1024

/** Which bytes something was done to, as ranges in order that do not touch. */
export class Coverage {
  readonly #ranges: Range[] = []
  /** Too many ranges to keep: every byte counts from then on. */
  #isFull = false

  get isEmpty(): boolean {
    return !this.#isFull && this.#ranges.length === 0
  }

  add(range: Range): void {
    if (this.#isFull || range.start >= range.end) return
    const ranges = this.#ranges
    const first = firstIndex(ranges, ({ end }) => end >= range.start)
    const behind = firstIndex(ranges, ({ start }) => start > range.end)
    const start = Math.min(range.start, ranges[first]?.start ?? range.start)
    const end = Math.max(range.end, ranges[behind - 1]?.end ?? range.end)
    ranges.splice(first, behind - first, { start, end })
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
