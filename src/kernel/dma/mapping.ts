import type { DmaDirection, DriverName, EventId, Range } from '../../events/event.ts'
import type { BounceCopy } from './bounce/bounce-copy.ts'
import type { IommuEntry } from './iommu/domain.ts'
import type { SgTable, StorageRun } from './sg-table.ts'

/** The family of functions that mapped memory, which DMA-API debugging distinguishes. */
export type MappedAs = 'single' | 'sg' | 'coherent' | 'noncoherent'

/** The result of dma_map_single when it fails: all ones, as near as a number comes. */
export const DMA_MAPPING_ERROR: number = 2 ** 64

/** The device's view: an address, and the count of bytes that follow from there. */
export interface DmaSegment {
  readonly address: number
  readonly length: number
}

/** How the bytes of a mapping came within the device's reach. */
export interface Reached {
  /** The bytes as the device finds them: bounce copies where it has them. */
  readonly runs: readonly StorageRun[]
  readonly bounce?: BounceCopy | undefined
  readonly iommu?: IommuEntry | undefined
  /** Made at the first request. */
  readonly segments: () => readonly DmaSegment[]
}

export interface MappingInit {
  readonly id: number
  readonly as: MappedAs
  readonly device: string
  readonly table: SgTable
  readonly direction: DmaDirection
  readonly skipCpuSync: boolean
  readonly buffer: number
  readonly offset: number
  readonly driver: DriverName
  readonly attachment: number | undefined
}

/**
 * Memory mapped for one device: from here on the device may reach it, until it is unmapped. Made by the
 * DMA layer alone. `table` is the CPU's view, `segments` the device's.
 */
export class DmaMapping {
  readonly id: number
  readonly as: MappedAs
  readonly device: string
  readonly table: SgTable
  readonly direction: DmaDirection
  /** DMA_ATTR_SKIP_CPU_SYNC: mapping and unmapping move no data, but for the copy into a bounce buffer. */
  readonly skipCpuSync: boolean
  /** The buffer that events about it name, and where in it the mapping's first byte lies. */
  readonly buffer: number
  readonly offset: number
  readonly driver: DriverName
  /** The attachment it was made for, as events name it. */
  readonly attachment: number | undefined
  /** False once it is unmapped, and for one that could not be made. */
  live = false
  /** The event of the map. */
  mapped: EventId = 0
  /** Whether dma_mapping_error was asked about it. */
  errorChecked = false
  #reached: Reached | undefined
  #segments: readonly DmaSegment[] | undefined

  constructor(init: MappingInit, reached?: Reached) {
    this.id = init.id
    this.as = init.as
    this.device = init.device
    this.table = init.table
    this.direction = init.direction
    this.skipCpuSync = init.skipCpuSync
    this.buffer = init.buffer
    this.offset = init.offset
    this.driver = init.driver
    this.attachment = init.attachment
    this.#reached = reached
    this.live = reached !== undefined
  }

  /** Whether it could not be made: the result of dma_mapping_error. */
  get failed(): boolean {
    return this.#reached === undefined
  }

  get size(): number {
    return this.table.size
  }

  /** The device's view: addresses and lengths, after merging. Empty for one that could not be made. */
  get segments(): readonly DmaSegment[] {
    this.#segments ??= this.#reached?.segments() ?? []
    return this.#segments
  }

  /** The DMA address of its first byte; DMA_MAPPING_ERROR when it could not be made. */
  get address(): number {
    return this.segments[0]?.address ?? DMA_MAPPING_ERROR
  }

  /** The bytes as the device finds them. */
  get runs(): readonly StorageRun[] {
    return this.#reached?.runs ?? []
  }

  get bounce(): BounceCopy | undefined {
    return this.#reached?.bounce
  }

  get iommu(): IommuEntry | undefined {
    return this.#reached?.iommu
  }

  /** A range of the mapping as a range of the buffer. */
  inBuffer({ start, end }: Range): Range {
    return { start: start + this.offset, end: end + this.offset }
  }
}
