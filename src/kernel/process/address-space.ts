import { PAGE_SIZE } from '../../abi/fcntl.ts'
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

/** TASK_SIZE of x86-64 with four levels of page tables, the guard page left out. */
export const ADDRESS_END: number = 2 ** 47 - PAGE_SIZE
const FIRST_ADDRESS = 2 ** 32
const GUARD = PAGE_SIZE

/**
 * The areas of a process, in the order of their addresses and without overlap. An address is not used
 * twice as long as there are others, so that a stale pointer is wild. Each area holds one reference to
 * its backing.
 */
export class AddressSpace {
  /** Where nothing ever was. */
  #next = FIRST_ADDRESS
  #areas: Area[] = []

  get areas(): readonly Area[] {
    return this.#areas
  }

  /** Where `length` bytes fit: where nothing ever was, or else in the lowest gap; undefined: nowhere. */
  room(length: number): number | undefined {
    if (this.#next + length <= ADDRESS_END) return this.#next
    let at = FIRST_ADDRESS
    for (const area of this.#areas) {
      if (at + length + GUARD <= area.address) return at
      at = endOf(area) + GUARD
    }
    return at + length <= ADDRESS_END ? at : undefined
  }

  /** Places an area, at an address of `room`. */
  add(area: Area): Area {
    this.#areas.splice(this.#firstEndingAfter(area.address), 0, area)
    this.#next = Math.max(this.#next, endOf(area) + GUARD)
    return area
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
   * Takes `[start, end)` out, cutting areas that lie there in part, and returns the removed areas:
   * the references to their backings are the caller's. Costs by the areas in the range, not by all
   * there are.
   */
  cut(start: number, end: number): Area[] {
    const first = this.#firstEndingAfter(start)
    let last = first
    while (last < this.#areas.length && (this.#areas[last] as Area).address < end) last++
    const within = this.#areas.slice(first, last)
    const left = within.flatMap((area) =>
      [
        part(area, area.address, Math.max(start, area.address)),
        part(area, Math.min(end, endOf(area)), endOf(area)),
      ].filter(({ length }) => length > 0),
    )
    const taken = within.map((area) =>
      part(area, Math.max(start, area.address), Math.min(end, endOf(area))),
    )
    // Each area has a reference: removed areas keep those of the areas, remaining parts get new
    // ones.
    for (const { backing } of left) backing.get()
    this.#areas.splice(first, last - first, ...left)
    return taken
  }

  /** Makes `area` `by` bytes longer where it is; false where others follow, or the addresses end. */
  extend(area: Area, by: number): boolean {
    const end = endOf(area)
    if (end + GUARD !== this.#next || end + by > ADDRESS_END) return false
    this.#areas[this.#firstEndingAfter(area.address)] = { ...area, length: area.length + by }
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
