import { firstIndex } from './first-index.ts'

/** How an item is read as a range. */
export interface Extent<T> {
  readonly startOf: (item: T) => number
  readonly lengthOf: (item: T) => number
}

/** Items in the order of where they begin, so that those over a range are found without a look at all. */
export class IntervalList<T> {
  readonly #list: T[] = []
  readonly #extent: Extent<T>
  /** None was ever longer: none that begins earlier than this before a range reaches into it. */
  #longest = 0

  constructor(extent: Extent<T>) {
    this.#extent = extent
  }

  get size(): number {
    return this.#list.length
  }

  add(item: T): void {
    const { startOf, lengthOf } = this.#extent
    this.#longest = Math.max(this.#longest, lengthOf(item))
    this.#list.splice(this.#firstFrom(startOf(item)), 0, item)
  }

  delete(item: T): void {
    const index = this.#list.indexOf(item, this.#firstFrom(this.#extent.startOf(item)))
    if (index !== -1) this.#list.splice(index, 1)
  }

  *over(start: number, end: number): Iterable<T> {
    const { startOf, lengthOf } = this.#extent
    for (let i = this.#firstFrom(start - this.#longest); i < this.#list.length; i++) {
      const item = this.#list[i] as T
      const from = startOf(item)
      if (from >= end) return
      if (from + lengthOf(item) > start) yield item
    }
  }

  [Symbol.iterator](): IterableIterator<T> {
    return this.#list.values()
  }

  #firstFrom(at: number): number {
    const { startOf } = this.#extent
    return firstIndex(this.#list, (item) => startOf(item) >= at)
  }
}
