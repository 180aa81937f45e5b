/**
 * A set of free addresses, as ranges in order, for page frames and I/O virtual addresses.
 * Invariant: ranges are disjoint, sorted, and no two touch.
 */
export class Extents {
  readonly #starts: number[] = []
  readonly #ends: number[] = []

  constructor(ranges: readonly { readonly start: number; readonly end: number }[] = []) {
    for (const { start, end } of ranges) this.put(start, end)
  }

  /** How many separate ranges there are. */
  get length(): number {
    return this.#starts.length
  }

  /** The lowest `length` free addresses within `[low, high)` at a multiple of `align`; they are taken. */
  takeLow(length: number, align: number, low: number, high: number): number | undefined {
    for (let i = this.#firstEndingAfter(low); i < this.#starts.length; i++) {
      const start = Math.ceil(Math.max(this.#startAt(i), low) / align) * align
      if (start + length > high) return undefined
      if (start + length <= this.#endAt(i)) return this.#cut(i, start, start + length)
    }
    return undefined
  }

  /** The highest such addresses. */
  takeHigh(length: number, align: number, low: number, high: number): number | undefined {
    for (let i = this.#starts.length - 1; i >= 0 && this.#endAt(i) > low; i--) {
      const start = Math.floor((Math.min(this.#endAt(i), high) - length) / align) * align
      if (start >= Math.max(low, this.#startAt(i))) return this.#cut(i, start, start + length)
    }
    return undefined
  }

  /** Frees `[start, end)`, which must not be free. */
  put(start: number, end: number): void {
    if (start >= end) return
    const next = this.#firstEndingAfter(start)
    const joinsBefore = next > 0 && this.#endAt(next - 1) === start
    const joinsAfter = next < this.#starts.length && this.#startAt(next) === end
    if (joinsBefore && joinsAfter) {
      this.#ends[next - 1] = this.#endAt(next)
      this.#starts.splice(next, 1)
      this.#ends.splice(next, 1)
    } else if (joinsBefore) this.#ends[next - 1] = end
    else if (joinsAfter) this.#starts[next] = start
    else {
      this.#starts.splice(next, 0, start)
      this.#ends.splice(next, 0, end)
    }
  }

  #cut(index: number, start: number, end: number): number {
    const before = this.#startAt(index)
    const after = this.#endAt(index)
    const parts = [
      [before, start],
      [end, after],
    ].filter(([from, to]) => (from as number) < (to as number))
    this.#starts.splice(index, 1, ...parts.map(([from]) => from as number))
    this.#ends.splice(index, 1, ...parts.map(([, to]) => to as number))
    return start
  }

  /** The index of the first range that ends behind `at`. */
  #firstEndingAfter(at: number): number {
    let low = 0
    let high = this.#ends.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#endAt(middle) > at) high = middle
      else low = middle + 1
    }
    return low
  }

  #startAt(index: number): number {
    return this.#starts[index] as number
  }

  #endAt(index: number): number {
    return this.#ends[index] as number
  }
}
