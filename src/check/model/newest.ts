/**
 * The newest items, up to a count, in a ring: a Map that drops its oldest entry again and again
 * gets slow, because iteration walks its gaps.
 */
export class Newest<T> {
  readonly #most: number
  readonly #items: T[] = []
  /** Where the oldest is, once the ring is full. */
  #oldest = 0

  constructor(most: number) {
    this.#most = most
  }

  /** Adds `item`; returns the one that is too many, if there is one. */
  add(item: T): T | undefined {
    if (this.#items.length < this.#most) {
      this.#items.push(item)
      return undefined
    }
    const dropped = this.#items[this.#oldest]
    this.#items[this.#oldest] = item
    this.#oldest = (this.#oldest + 1) % this.#most
    return dropped
  }
}
