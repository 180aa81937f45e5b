/** The owners of addresses: disjoint ranges, found by an address in logarithmic time. */
export class AddressMap<T> {
  readonly #starts: number[] = []
  readonly #ends: number[] = []
  readonly #values: T[] = []

  get size(): number {
    return this.#starts.length
  }

  /** Enters `[start, end)`, which must be free. */
  add(start: number, end: number, value: T): void {
    const index = this.#firstAbove(start)
    this.#starts.splice(index, 0, start)
    this.#ends.splice(index, 0, end)
    this.#values.splice(index, 0, value)
  }

  /** Takes out the range that begins at `start`. */
  remove(start: number): void {
    const index = this.#firstAbove(start) - 1
    if (this.#starts[index] !== start) return
    this.#starts.splice(index, 1)
    this.#ends.splice(index, 1)
    this.#values.splice(index, 1)
  }

  at(address: number): T | undefined {
    const index = this.#firstAbove(address) - 1
    const end = this.#ends[index]
    return end !== undefined && address < end ? this.#values[index] : undefined
  }

  /** The index of the first range that begins above `address`. */
  #firstAbove(address: number): number {
    let low = 0
    let high = this.#starts.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#starts[middle] as number) <= address) low = middle + 1
      else high = middle
    }
    return low
  }
}
