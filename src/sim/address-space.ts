import type { Backing } from './backing.ts'

/** Pages of a process that are mapped alike (struct vm_area_struct). */
export interface Area {
  readonly address: number
  /** Whole pages. */
  readonly length: number
  readonly readable: boolean
  readonly writable: boolean
  readonly backing: Backing
  /** Where in the backing its first byte lies. */
  readonly at: number
}

const FIRST_ADDRESS = 0x7f00_0000_0000
const GUARD = 4096

/**
 * The areas of a process, in the order of their addresses and without overlap. An address is not used
 * twice, so an old pointer is wild. Each area holds one reference to its backing.
 */
export class AddressSpace {
  #next = FIRST_ADDRESS
  #areas: Area[] = []

  get areas(): readonly Area[] {
    return this.#areas
  }

  /** Places an area where nothing ever was. */
  add(area: Omit<Area, 'address'>): Area {
    const placed = { ...area, address: this.#next }
    this.#next += area.length + GUARD
    this.#areas.push(placed)
    return placed
  }

  /** The area that `address` lies in. */
  at(address: number): Area | undefined {
    const area = this.#areas[this.#firstEndingAfter(address)]
    return area !== undefined && area.address <= address ? area : undefined
  }

  /** The areas that hold all of `[address, address + length)`, in order; none where a byte is missing. */
  covering(address: number, length: number): Area[] {
    const found: Area[] = []
    let at = address
    for (let i = this.#firstEndingAfter(address); i < this.#areas.length; i++) {
      const area = this.#areas[i] as Area
      if (area.address > at) break
      found.push(area)
      at = endOf(area)
      if (at >= address + length) return found
    }
    return []
  }

  /**
   * Takes `[start, end)` out, cutting areas that lie there in part, and returns what was taken out:
   * the reference to its backing is the caller's.
   */
  cut(start: number, end: number): Area[] {
    const taken: Area[] = []
    this.#areas = this.#areas.flatMap((area) => {
      const from = Math.max(start, area.address)
      const to = Math.min(end, endOf(area))
      if (from >= to) return [area]
      taken.push(part(area, from, to))
      const left = [part(area, area.address, from), part(area, to, endOf(area))]
      const kept = left.filter(({ length }) => length > 0)
      // What was taken out has the area's reference, what is left needs its own.
      for (const { backing } of kept) backing.get()
      return kept
    })
    return taken
  }

  /** Makes `area` `by` bytes longer where it is; false where others follow. */
  extend(area: Area, by: number): boolean {
    if (endOf(area) + GUARD !== this.#next) return false
    this.#areas[this.#areas.indexOf(area)] = { ...area, length: area.length + by }
    this.#next += by
    return true
  }

  /** The first area that ends after `address`, by bisection. */
  #firstEndingAfter(address: number): number {
    let low = 0
    let high = this.#areas.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (endOf(this.#areas[middle] as Area) > address) high = middle
      else low = middle + 1
    }
    return low
  }
}

export function endOf({ address, length }: Area): number {
  return address + length
}

function part(area: Area, start: number, end: number): Area {
  const at = area.at + start - area.address
  return { ...area, address: start, length: end - start, at }
}
