import type { Origin } from '../syscalls/origin.ts'
import type { Backing } from './backing.ts'
import type { ForeignArray } from './foreign-array.ts'
import type { Shadow } from './shadow.ts'

/** One mapping that the program made, or the rest of it. */
export interface Mapped {
  readonly address: number
  /** Bytes, whole pages. */
  readonly length: number
  readonly readable: boolean
  readonly writable: boolean
  readonly shared: boolean
  readonly backing: Backing
  /** Which file: known where copies of it may have to be kept in step. */
  readonly file: string | undefined
  /** Where the program mapped it. */
  readonly origin: Origin | undefined
  /** The array over these pages that was handed out last. */
  array?: ForeignArray | undefined
  /** The copy of these pages that was handed out. */
  shadow?: Shadow | undefined
}

/** The byte after `mapping`. */
export function endOf(mapping: Pick<Mapped, 'address' | 'length'>): number {
  return mapping.address + mapping.length
}

/** The program's own mappings, by address; other mappings of the process are not here. */
export class MappingTable {
  readonly #mappings = new Map<number, Mapped>()

  get all(): readonly Mapped[] {
    return [...this.#mappings.values()]
  }

  add(mapping: Mapped): void {
    this.#mappings.set(mapping.address, mapping)
  }

  remove(mapping: Mapped): void {
    this.#mappings.delete(mapping.address)
  }

  /** The mapping that holds all of `length` bytes from `address`. */
  find(address: number, length: number): Mapped | undefined {
    const exact = this.#mappings.get(address)
    if (exact !== undefined) return length <= exact.length ? exact : undefined
    for (const mapping of this.#mappings.values()) {
      if (address >= mapping.address && address + length <= endOf(mapping)) return mapping
    }
    return undefined
  }

  /** Every mapping with a page in `[start, end)`. */
  overlapping(start: number, end: number): Mapped[] {
    const exact = this.#mappings.get(start)
    if (exact !== undefined && endOf(exact) === end) return [exact]
    return this.all.filter((mapping) => mapping.address < end && endOf(mapping) > start)
  }
}
