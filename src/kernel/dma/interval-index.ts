/** Ranges that may overlap, each with a value, found by overlap. */
export class IntervalIndex<T> {
  readonly #starts: number[] = []
  readonly #entries: { readonly end: number; readonly value: T }[] = []
  /** No range was ever longer, so none that begins earlier than this before a place reaches it. */
  #longest = 0

  add(start: number, end: number, value: T): void {
    const index = this.#firstFrom(start)
    this.#starts.splice(index, 0, start)
    this.#entries.splice(index, 0, { end, value })
    this.#longest = Math.max(this.#longest, end - start)
  }

  remove(start: number, end: number, value: T): void {
    for (let i = this.#firstFrom(start); this.#starts[i] === start; i++) {
      const entry = this.#entries[i]
      if (entry?.value !== value || entry.end !== end) continue
      this.#starts.splice(i, 1)
      this.#entries.splice(i, 1)
      return
    }
  }

  /** Calls `visit` with the value of each range that overlaps `[start, end)`. */
  each(start: number, end: number, visit: (value: T) => void): void {
    for (let i = this.#firstFrom(start - this.#longest + 1); i < this.#starts.length; i++) {
      if ((this.#starts[i] as number) >= end) return
      const entry = this.#entries[i]
      if (entry !== undefined && entry.end > start) visit(entry.value)
    }
  }

  /** The index of the first range that begins at `at` or later. */
  #firstFrom(at: number): number {
    let low = 0
    let high = this.#starts.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#starts[middle] as number) < at) low = middle + 1
      else high = middle
    }
    return low
  }
}
