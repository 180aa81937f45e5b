import type { EventId } from '../../events/event.ts'

/**
 * Data of the newest events, found by their ids. Ids only grow, so a ring and a binary search
 * suffice; a Map that drops its oldest entry again and again gets slow, because iteration walks its
 * gaps.
 */
export class RecentEvents<T> {
  readonly #most: number
  readonly #ids: EventId[] = []
  readonly #values: T[] = []
  /** Where the oldest is, once the ring is full. */
  #oldest = 0

  constructor(most: number) {
    this.#most = most
  }

  /** `id` is above all that were added before. */
  add(id: EventId, value: T): void {
    if (this.#ids.length < this.#most) {
      this.#ids.push(id)
      this.#values.push(value)
      return
    }
    this.#ids[this.#oldest] = id
    this.#values[this.#oldest] = value
    this.#oldest = (this.#oldest + 1) % this.#most
  }

  get(id: EventId): T | undefined {
    const { length } = this.#ids
    let low = 0
    let high = length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#idAt(middle) < id) low = middle + 1
      else high = middle
    }
    return low < length && this.#idAt(low) === id ? this.#values[this.#at(low)] : undefined
  }

  #idAt(index: number): EventId {
    return this.#ids[this.#at(index)] as EventId
  }

  #at(index: number): number {
    return (this.#oldest + index) % this.#ids.length
  }
}
