/**
 * Mapping memory for a device, as documented: the cache operations, and the bounce copies.
 * Source: Documentation/core-api/dma-api.rst, kernel/dma/direct.h and swiotlb.c of Linux 6.12.
 */
import { BounceCopy } from './bounce.ts'
import { inHome, type Window } from './home.ts'
import type { Lines } from './lines.ts'
import { type Cells, type Direction, PER_LINE } from './program.ts'
import { isBounced, snoops, type Traits } from './traits.ts'

export interface NaiveMapping {
  readonly device: string
  readonly buffer: number
  readonly direction: Direction
  readonly skip: boolean
  readonly window: Window
  readonly cells: number
  readonly bounce: BounceCopy | undefined
  live: boolean
  /** After the unmap of an IOMMU's mapping: no device reaches it any more. */
  flushed: boolean
  /** And the device has mapped since: the address may be another mapping's. */
  addressReused: boolean
}

export type MapRequest = Pick<
  NaiveMapping,
  'device' | 'buffer' | 'direction' | 'skip' | 'window' | 'cells'
>

const FRESH = { live: true, flushed: false, addressReused: false }

function reuse(mapping: NaiveMapping): void {
  if (mapping.flushed) mapping.addressReused = true
}

export class NaiveDma {
  readonly #lines: Lines
  readonly #traits: Traits
  readonly #made: NaiveMapping[] = []

  constructor(lines: Lines, traits: Traits) {
    this.#lines = lines
    this.#traits = traits
  }

  /** Copies into the bounce copy in every direction, and even if the sync is skipped. */
  map(request: MapRequest): NaiveMapping {
    const bounce = isBounced(this.#traits, request.device)
      ? new BounceCopy(this.#lines, request.window, request.cells)
      : undefined
    const mapping: NaiveMapping = { ...request, bounce, ...FRESH }
    for (const other of this.#made) if (other.device === mapping.device) reuse(other)
    this.#made.push(mapping)
    bounce?.copyOut()
    if (!mapping.skip) this.#maintainForDevice(mapping, mapping.direction, whole(mapping))
    return mapping
  }

  unmap(mapping: NaiveMapping): void {
    if (!mapping.skip) this.syncForCpu(mapping, mapping.direction)
    mapping.live = false
    mapping.flushed = this.#traits.iommu === 'strict'
    mapping.bounce?.forget()
  }

  /** First the copy, then the cache. */
  syncForDevice(mapping: NaiveMapping, direction: Direction, cells: Cells = whole(mapping)): void {
    if (direction !== 'from-device') mapping.bounce?.copyOut(cells)
    this.#maintainForDevice(mapping, direction, cells)
  }

  /** First the cache, then the copy. */
  syncForCpu(mapping: NaiveMapping, direction: Direction, cells: Cells = whole(mapping)): void {
    if (direction === 'to-device') return
    if (!snoops(this.#traits, mapping.device)) this.#invalidate(reached(mapping), cells)
    mapping.bounce?.copyBack(cells)
  }

  #maintainForDevice(mapping: NaiveMapping, direction: Direction, cells: Cells): void {
    if (snoops(this.#traits, mapping.device)) return
    if (direction === 'from-device' && this.#traits.fromDevice === 'invalidate')
      this.#invalidate(reached(mapping), cells)
    else this.#clean(reached(mapping), cells)
  }

  #clean(window: Window, cells: Cells): void {
    window.home.eachLine(inHome(window, cells), (place) =>
      place.change((line) => [this.#lines.writtenBack(line)]),
    )
  }

  #invalidate(window: Window, cells: Cells): void {
    window.home.eachLine(inHome(window, cells), (place, at) => {
      const cleans = at.length < PER_LINE && this.#traits.edges === 'clean-invalidate'
      place.change((line) => [this.#lines.gone(cleans ? this.#lines.writtenBack(line) : line)])
    })
  }
}

/** The memory that the device gets at through the mapping. */
export function reached({ bounce, window }: NaiveMapping): Window {
  return bounce?.window ?? window
}

function whole({ cells }: NaiveMapping): Cells {
  return { start: 0, end: cells }
}
