/** The requests of drivers to the DMA layer. */
import type { DmaDirection, DriverName, MemoryAttribute } from '../../events/event.ts'
import type { KernelMemory } from './kernel-memory.ts'
import type { DmaMapping, MappedAs } from './mapping.ts'
import type { SgTable } from './sg-table.ts'

export interface MapRequest {
  readonly device: string
  readonly table: SgTable
  readonly direction: DmaDirection
  readonly skipCpuSync?: boolean | undefined
  readonly buffer: number
  /** Where in the buffer the table's first byte lies. */
  readonly offset?: number | undefined
  /** Who maps: the exporter whose operation this is, or the device's own driver. */
  readonly driver: DriverName
  readonly attachment?: number | undefined
}

export interface SingleRequest {
  readonly device: string
  readonly memory: KernelMemory
  /** All of the memory when left out. */
  readonly offset?: number | undefined
  readonly size?: number | undefined
  readonly direction: DmaDirection
  readonly skipCpuSync?: boolean | undefined
  /** Who maps; the memory's driver when left out. */
  readonly driver?: DriverName | undefined
}

/**
 * The arguments of an unmap that differs from the map: a field that is left out is as it was
 * mapped.
 */
export interface UnmapOptions {
  readonly as?: MappedAs | undefined
  readonly direction?: DmaDirection | undefined
  readonly size?: number | undefined
  /** How many entries of the scatter list: those of the CPU's view, not those that were mapped. */
  readonly entries?: number | undefined
  readonly skipCpuSync?: boolean | undefined
  /** Who unmaps; who mapped it when left out. */
  readonly driver?: DriverName | undefined
}

export interface SyncOptions {
  /** How many entries of the scatter list; those that were mapped when left out. */
  readonly entries?: number | undefined
  /** Who syncs; who mapped it when left out. */
  readonly driver?: DriverName | undefined
}

/** A sync of a scatter list that no mapping was ever made of: its addresses are unset. */
export interface UnmappedSync {
  readonly to: 'cpu' | 'device'
  readonly device: string
  readonly buffer: number
  readonly size: number
  readonly driver: DriverName
}

export interface CoherentRequest {
  readonly device: string
  readonly size: number
  readonly driver: DriverName
  /** As a sentence names it; `coherent memory` when left out. */
  readonly what?: string | undefined
  /** dma_alloc_coherent (`uncached`, which is the default) or dma_alloc_wc. */
  readonly attribute?: Exclude<MemoryAttribute, 'cached'> | undefined
}

export interface NoncoherentRequest extends Omit<CoherentRequest, 'attribute'> {
  readonly direction: DmaDirection
}

/** Memory that the CPU and one device share: allocated and mapped in one call, and freed in one. */
export interface DmaMemory {
  readonly memory: KernelMemory
  readonly mapping: DmaMapping
}

/** The arguments of a free that differs from the allocation. */
export interface FreeOptions extends Pick<UnmapOptions, 'as' | 'size' | 'direction' | 'driver'> {
  /** The CPU address that it frees. */
  readonly memory?: KernelMemory | undefined
}
