import type { CpuMapping } from '../dmabuf/cpu-mapping.ts'
import type { FileDescription } from './fd-table.ts'

/** One mapping of a process (struct vm_area_struct). */
export interface Area {
  readonly address: number
  /** Whole pages. */
  readonly length: number
  readonly readable: boolean
  readonly writable: boolean
  readonly mapping: CpuMapping
  /** The mapping keeps the file open, whatever becomes of the descriptor. */
  readonly description: FileDescription
}

const FIRST_ADDRESS = 0x7f00_0000_0000
const GUARD = 4096

/** The mappings of a process, by address. An address is not used twice, so an old pointer is wild. */
export class AddressSpace {
  #next = FIRST_ADDRESS
  readonly #areas = new Map<number, Area>()

  get areas(): readonly Area[] {
    return [...this.#areas.values()]
  }

  add(area: Omit<Area, 'address'>): Area {
    const placed = { ...area, address: this.#next }
    this.#next += area.length + GUARD
    this.#areas.set(placed.address, placed)
    return placed
  }

  /** The area that holds all of `[address, address + length)`. */
  find(address: number, length: number): Area | undefined {
    const exact = this.#areas.get(address)
    if (exact !== undefined) return length <= exact.length ? exact : undefined
    return this.areas.find(
      (area) => address >= area.address && address + length <= area.address + area.length,
    )
  }

  remove(area: Area): void {
    this.#areas.delete(area.address)
  }
}
