/** Addresses that show part of a mapping. */
export interface Area<M> {
  readonly address: number
  /** Whole pages. */
  readonly length: number
  readonly mapping: M
  /** Where in the mapping its first byte lies. */
  readonly at: number
}

/** The program's areas, in the order of their addresses and without overlap. */
export class Areas<M> {
  #areas: Area<M>[] = []

  add(area: Area<M>): void {
    this.#areas.splice(this.#firstEndingAfter(area.address), 0, area)
  }

  /** Takes `[start, end)` out, cutting areas that lie there in part; returns the removed areas. */
  cut(start: number, end: number): Area<M>[] {
    const first = this.#firstEndingAfter(start)
    let last = first
    while ((this.#areas[last]?.address ?? end) < end) last++
    const cut = this.#areas.slice(first, last)
    const left = cut.flatMap((area) => [
      part(area, area.address, start),
      part(area, end, endOf(area)),
    ])
    this.#areas.splice(first, last - first, ...left.filter(({ length }) => length > 0))
    return cut.map((area) => part(area, Math.max(start, area.address), Math.min(end, endOf(area))))
  }

  /** Makes the area that ends at `end` longer by `by` bytes. */
  extend(end: number, by: number): Area<M> | undefined {
    const index = this.#firstEndingAfter(end - 1)
    const area = this.#areas[index]
    if (area === undefined || endOf(area) !== end) return undefined
    const longer = { ...area, length: area.length + by }
    this.#areas[index] = longer
    return longer
  }

  /** The areas that show bytes of `[address, address + length)`, in order. */
  over(address: number, length: number): Area<M>[] {
    const found: Area<M>[] = []
    for (let i = this.#firstEndingAfter(address); i < this.#areas.length; i++) {
      const area = this.#areas[i] as Area<M>
      if (area.address >= address + length) break
      found.push(area)
    }
    return found
  }

  /** Whether any area shows part of `mapping`. */
  shows(mapping: M): boolean {
    return this.#areas.some((area) => area.mapping === mapping)
  }

  /** Every mapping, once. */
  get mappings(): ReadonlySet<M> {
    return new Set(this.#areas.map(({ mapping }) => mapping))
  }

  #firstEndingAfter(address: number): number {
    let low = 0
    let high = this.#areas.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (endOf(this.#areas[middle] as Area<M>) > address) high = middle
      else low = middle + 1
    }
    return low
  }
}

export function endOf({ address, length }: Area<unknown>): number {
  return address + length
}

/** `length` is not above zero where nothing of the area lies in `[start, end)`. */
function part<M>(area: Area<M>, start: number, end: number): Area<M> {
  return { ...area, address: start, length: end - start, at: area.at + start - area.address }
}
