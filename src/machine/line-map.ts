/**
 * The knowledge about the bytes of one storage: for every byte its state in this run, the set of
 * its possible states on legal hardware, and the event of its last store.
 *
 * The bytes are grouped into maximal intervals of equal knowledge, so an operation costs per
 * interval, not per byte. Invariant: `starts` is strictly increasing, begins with 0, and no two
 * neighbours are equal in all three columns.
 */
import type { LineState, StateSet } from './line-state.ts'

/** One interval as the callbacks see it; valid during the callback only. */
export interface Interval {
  start: number
  end: number
  actual: LineState
  possible: StateSet
  writer: number
}

export class LineMap {
  readonly size: number
  #starts: number[] = [0]
  #actual: number[]
  #possible: number[]
  #writer: number[]

  constructor(size: number, actual: LineState, possible: StateSet, writer: number) {
    this.size = size
    this.#actual = [actual]
    this.#possible = [possible]
    this.#writer = [writer]
  }

  /** The number of intervals: the cost of an operation on the whole storage. */
  get length(): number {
    return this.#starts.length
  }

  /** Calls `visit` for every interval within `[start, end)`, cut to it, from low to high. */
  each(start: number, end: number, visit: (interval: Interval) => void): void {
    if (start >= end) return
    const interval: Interval = { start: 0, end: 0, actual: 0, possible: 0, writer: 0 }
    for (let i = this.#indexOf(start); i < this.#starts.length; i++) {
      const from = this.#starts[i] as number
      if (from >= end) return
      interval.start = Math.max(from, start)
      interval.end = Math.min(this.#endOf(i), end)
      interval.actual = this.#actual[i] as number
      interval.possible = this.#possible[i] as number
      interval.writer = this.#writer[i] as number
      visit(interval)
    }
  }

  /**
   * Replaces the knowledge about `[start, end)`: `change` rewrites the columns of each interval.
   */
  update(start: number, end: number, change: (interval: Interval) => void): void {
    if (start >= end) return
    const first = this.#split(start)
    const last = this.#split(end)
    const interval: Interval = { start: 0, end: 0, actual: 0, possible: 0, writer: 0 }
    for (let i = first; i < last; i++) {
      interval.start = this.#starts[i] as number
      interval.end = this.#endOf(i)
      interval.actual = this.#actual[i] as number
      interval.possible = this.#possible[i] as number
      interval.writer = this.#writer[i] as number
      change(interval)
      this.#actual[i] = interval.actual
      this.#possible[i] = interval.possible
      this.#writer[i] = interval.writer
    }
    this.#merge(first, last)
  }

  #endOf(index: number): number {
    return this.#starts[index + 1] ?? this.size
  }

  /** The index of the interval that holds byte `at`. */
  #indexOf(at: number): number {
    let low = 0
    let high = this.#starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#starts[middle] as number) <= at) low = middle
      else high = middle - 1
    }
    return low
  }

  /** Makes an interval begin at `at`, and returns its index; the count of intervals at the end. */
  #split(at: number): number {
    if (at >= this.size) return this.#starts.length
    const index = this.#indexOf(at)
    if (this.#starts[index] === at) return index
    this.#starts.splice(index + 1, 0, at)
    this.#actual.splice(index + 1, 0, this.#actual[index] as number)
    this.#possible.splice(index + 1, 0, this.#possible[index] as number)
    this.#writer.splice(index + 1, 0, this.#writer[index] as number)
    return index + 1
  }

  /** Joins equal neighbours among the intervals `[first, last]` and the one before. */
  #merge(first: number, last: number): void {
    const from = Math.max(first, 1)
    const to = Math.min(last, this.#starts.length - 1)
    let kept = from
    for (let i = from; i <= to; i++) {
      if (this.#sameAs(i, kept - 1)) continue
      if (kept !== i) this.#move(i, kept)
      kept++
    }
    const gone = to + 1 - kept
    if (gone <= 0) return
    for (const column of [this.#starts, this.#actual, this.#possible, this.#writer]) {
      column.splice(kept, gone)
    }
  }

  #sameAs(a: number, b: number): boolean {
    return (
      this.#actual[a] === this.#actual[b] &&
      this.#possible[a] === this.#possible[b] &&
      this.#writer[a] === this.#writer[b]
    )
  }

  #move(from: number, to: number): void {
    this.#starts[to] = this.#starts[from] as number
    this.#actual[to] = this.#actual[from] as number
    this.#possible[to] = this.#possible[from] as number
    this.#writer[to] = this.#writer[from] as number
  }
}
