/** The addresses of a process according to its calls: mapped now, and mapped before. */
import { PAGE_SIZE } from '../../abi/fcntl.ts'
import type { BufferId, CallEvent } from '../../events/event.ts'
import { firstIndex } from './first-index.ts'

const MOST_GONE = 256

/** Addresses `[start, end)` that show part of one mmap. */
export interface Area {
  readonly start: number
  readonly end: number
  /** Where its first byte lies in the mapping. */
  readonly at: number
  /** The mmap, back with the address. */
  readonly mapped: CallEvent
  /** The memory that it shows. */
  readonly buffer: BufferId | undefined
}

/** Addresses that were mapped once. */
export interface GoneArea extends Area {
  /** The munmap or the mremap. */
  readonly ended: CallEvent
}

export class ProcessAreas {
  /** In the order of their addresses; they do not overlap. */
  readonly #live: Area[] = []
  /** The newest, in the order in which they went. */
  readonly #gone: GoneArea[] = []

  /** mmap has returned an address, which shows `buffer`. */
  mapped(event: CallEvent, buffer: BufferId | undefined): void {
    const { result = 0, length = 0 } = event
    this.#add({ start: result, end: result + pages(length), at: 0, mapped: event, buffer })
  }

  unmapped(event: CallEvent): void {
    const { address = 0, length = 0 } = event
    this.#end(event, address, address + pages(length))
  }

  remapped(event: CallEvent): void {
    const { address = 0, length = 0, oldLength = 0, result = 0 } = event
    const before = pages(oldLength)
    const after = pages(length)
    const area = this.at(address)
    if (area === undefined) return
    if (result === address && after <= before) {
      this.#end(event, address + after, address + before)
      return
    }
    const at = area.at + address - area.start
    this.#end(event, address, address + before)
    this.#add({ ...area, start: result, end: result + after, at })
  }

  /** The area that an address lies in. */
  at(address: number): Area | undefined {
    const area = this.#live[this.#firstBehind(address)]
    return area !== undefined && area.start <= address ? area : undefined
  }

  /** The area that ends at an address. */
  before(address: number): Area | undefined {
    const area = this.#live[this.#firstBehind(address) - 1]
    return area?.end === address ? area : undefined
  }

  /** Which area was at an address last, where none is now. */
  goneAt(address: number): GoneArea | undefined {
    return this.#gone.findLast(({ start, end }) => start <= address && address < end)
  }

  /** A mapping replaces those at its addresses. */
  #add(area: Area): void {
    this.#take(area.start, area.end)
    this.#live.splice(this.#firstBehind(area.start), 0, area)
  }

  #end(ended: CallEvent, start: number, end: number): void {
    for (const area of this.#take(start, end)) this.#gone.push({ ...area, ended })
    if (this.#gone.length >= 2 * MOST_GONE) this.#gone.splice(0, this.#gone.length - MOST_GONE)
  }

  /** Takes the addresses out of the areas that are there; returns the parts that were taken. */
  #take(start: number, end: number): Area[] {
    const first = this.#firstBehind(start)
    let count = 0
    while ((this.#live[first + count]?.start ?? end) < end) count++
    if (count === 0) return []
    const over = this.#live.slice(first, first + count)
    const left = over.flatMap((area) => [part(area, 0, start), part(area, end, Infinity)])
    this.#live.splice(first, count, ...left.filter(isSome))
    return over.map((area) => part(area, start, end))
  }

  /** The index of the first area that ends behind an address. */
  #firstBehind(address: number): number {
    return firstIndex(this.#live, ({ end }) => end > address)
  }
}

/** The length of whole pages that hold `length` bytes. */
export function pages(length: number): number {
  return Math.ceil(length / PAGE_SIZE) * PAGE_SIZE
}

function part(area: Area, from: number, to: number): Area {
  const start = Math.max(area.start, from)
  return { ...area, start, end: Math.min(area.end, to), at: area.at + start - area.start }
}

function isSome({ start, end }: Area): boolean {
  return start < end
}
