/** The addresses of a process, as its calls tell: what is mapped, and what was. */
import type { BufferId, CallEvent } from '../events/event.ts'

const PAGE = 4096
const MOST_GONE = 256

/** Addresses `[start, end)` that show part of what one mmap made. */
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
  #live: Area[] = []
  #gone: GoneArea[] = []

  /** mmap has returned an address; `buffer` is what it shows there. */
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
    return this.#live.find(({ start, end }) => start <= address && address < end)
  }

  /** The area that ends at an address. */
  before(address: number): Area | undefined {
    return this.#live.find(({ end }) => end === address)
  }

  /** What was at an address last. */
  goneAt(address: number): GoneArea | undefined {
    return this.#gone.findLast(({ start, end }) => start <= address && address < end)
  }

  #add(area: Area): void {
    this.#live.push(area)
    // A real kernel gives addresses out again: what is there now is not what was unmapped.
    this.#gone = this.#gone.filter(({ start, end }) => end <= area.start || area.end <= start)
  }

  #end(ended: CallEvent, start: number, end: number): void {
    const gone = this.#live.map((area) => part(area, start, end)).filter(isSome)
    this.#live = this.#live.flatMap((area) =>
      area.end <= start || end <= area.start
        ? [area]
        : [part(area, 0, start), part(area, end, Number.POSITIVE_INFINITY)].filter(isSome),
    )
    this.#gone.push(...gone.map((area) => ({ ...area, ended })))
    this.#gone.splice(0, this.#gone.length - MOST_GONE)
  }
}

/** The length of whole pages that hold `length` bytes. */
export function pages(length: number): number {
  return Math.ceil(length / PAGE) * PAGE
}

function part(area: Area, from: number, to: number): Area {
  const start = Math.max(area.start, from)
  return { ...area, start, end: Math.min(area.end, to), at: area.at + start - area.start }
}

function isSome({ start, end }: Area): boolean {
  return start < end
}
