/**
 * The address space of one device behind an IOMMU.
 *
 * Addresses are taken from the top of the lower 4 GiB, above only when these are full. An unmapped
 * range faults at once (strict), or when the flush queue is emptied: 10 ms after the first entry, or
 * when 256 are in it (lazy). Source: drivers/iommu/dma-iommu.c and iova.c of Linux 6.12.
 */
import type { DmaDirection } from '../../../events/event.ts'
import { KernelError } from '../../../machine/kernel-error.ts'
import { AddressMap } from '../address-map.ts'
import { IovaSpace } from './iova-space.ts'
import type { IovaLayout, PageRun } from './lay-out.ts'

const QUEUE_LENGTH = 256
const QUEUE_TIME = 10_000_000

/** One mapping's range of addresses. */
export interface IommuEntry {
  readonly iova: number
  readonly size: number
  readonly pages: readonly PageRun[]
  readonly direction: DmaDirection
}

export interface DomainOptions {
  readonly unmap: 'strict' | 'lazy'
  /** Virtual nanoseconds. */
  readonly now: () => number
}

export class Domain {
  readonly #options: DomainOptions
  readonly #space = new IovaSpace()
  readonly #entries = new AddressMap<IommuEntry>()
  #queue: IommuEntry[] = []
  #flushAt = 0

  constructor(options: DomainOptions) {
    this.#options = options
  }

  /** Maps the pages of `layout` below `limit`. ENOMEM when no addresses are left. */
  map(layout: IovaLayout, direction: DmaDirection, limit: number): IommuEntry {
    this.#passTime()
    const { size, pages } = layout
    const iova = this.#space.take(size, limit) ?? this.#takeAfterFlush(size, limit)
    if (iova === undefined) {
      throw new KernelError('ENOMEM', `no ${size} bytes of I/O virtual addresses are left`)
    }
    const entry = { iova, size, pages, direction }
    this.#entries.add(mirrored(iova + size - 1), mirrored(iova - 1), entry)
    return entry
  }

  unmap(entry: IommuEntry): void {
    this.#passTime()
    if (this.#options.unmap === 'strict') {
      this.#drop(entry)
      return
    }
    if (this.#queue.length >= QUEUE_LENGTH) this.#flush()
    if (this.#queue.length === 0) this.#flushAt = this.#options.now() + QUEUE_TIME
    this.#queue.push(entry)
  }

  /** The mapping that has the address, which may be a dead one that was not flushed. */
  at(address: number): IommuEntry | undefined {
    this.#passTime()
    return this.#entries.at(mirrored(address))
  }

  #takeAfterFlush(size: number, limit: number): number | undefined {
    this.#flush()
    return this.#space.take(size, limit)
  }

  #passTime(): void {
    if (this.#queue.length > 0 && this.#options.now() >= this.#flushAt) this.#flush()
  }

  #flush(): void {
    const queue = this.#queue
    this.#queue = []
    for (const entry of queue) this.#drop(entry)
  }

  #drop(entry: IommuEntry): void {
    this.#entries.remove(mirrored(entry.iova + entry.size - 1))
    this.#space.give(entry.iova, entry.size)
  }
}

/** Addresses are handed out downwards: kept upside down, a new one is entered at the end. */
function mirrored(address: number): number {
  return -address
}

/** The physical address behind an address of the entry, and how many bytes follow from there. */
export function translate(
  entry: IommuEntry,
  address: number,
): { physical: number; length: number } | undefined {
  const at = address - entry.iova
  let low = 0
  let high = entry.pages.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((entry.pages[middle] as PageRun).at <= at) low = middle + 1
    else high = middle
  }
  const run = entry.pages[low - 1]
  if (run === undefined || at >= run.at + run.length) return undefined
  return { physical: run.physical + at - run.at, length: run.at + run.length - at }
}

/** Whether the entry lets the device read, or write: a mapping for reading cannot be written. */
export function permits({ direction }: IommuEntry, access: 'read' | 'write'): boolean {
  return direction === 'bidirectional' || (direction === 'to-device') === (access === 'read')
}
