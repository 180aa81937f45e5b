/**
 * The DMA mapping calls of a driver, with the kernel's names; all are synchronous. Messages of
 * DMA-API debugging are reported under the driver's name, and the call goes on. Source:
 * Documentation/core-api/dma-api.rst and include/linux/dma-mapping.h of Linux 6.12.
 */

import type { DmaDirection } from '../events/event.ts'
import type { KernelMemory } from '../kernel/dma/kernel-memory.ts'
import type { DmaMapping } from '../kernel/dma/mapping.ts'
import type { DmaMemory } from '../kernel/dma/requests.ts'
import type { SgTable } from '../kernel/dma/sg-table.ts'
import { assert } from '../machine/kernel-error.ts'
import type { Bound } from './bound.ts'
import { checkMapping, coherentCalls } from './dma-memory-calls.ts'
import { singleCalls } from './dma-single-calls.ts'

/** DMA_ATTR_ flags. */
export interface DmaAttributes {
  /**
   * DMA_ATTR_SKIP_CPU_SYNC: caches are left as they are, and at unmap bounce copies too. Map and
   * unmap take it separately.
   */
  readonly skipCpuSync?: boolean | undefined
}

/** How a scatter list is unmapped. */
export interface UnmapAttributes extends DmaAttributes {
  /** The count of entries that dma_unmap_sg gets; all of the CPU's view when left out. */
  readonly entries?: number | undefined
}

/** A scatter list that is not mapped: it has no DMA addresses yet. */
export interface UnmappedTable {
  readonly device: string
  readonly table: SgTable
}

/** Options of dma_alloc_coherent. */
export interface CoherentOptions {
  /** dma_alloc_wc says `write-combine`. */
  readonly attribute?: 'uncached' | 'write-combine' | undefined
  /** As a sentence names it. */
  readonly what?: string | undefined
}

/** Ranges and sizes are in bytes. */
export interface DmaCalls {
  /**
   * dma_map_sgtable: the device owns the memory afterwards. In an exporter's operation it is a
   * mapping of the buffer, elsewhere one of the driver's own memory. EIO if the device cannot reach
   * it, EINVAL for a table that contradicts itself, ENOMEM.
   */
  mapSgtable(
    device: string,
    table: SgTable,
    direction: DmaDirection,
    attributes?: DmaAttributes,
  ): DmaMapping
  /** dma_unmap_sgtable: the CPU owns the memory afterwards. */
  unmapSgtable(mapping: DmaMapping, direction: DmaDirection, attributes?: UnmapAttributes): void
  /** dma_sync_sgtable_for_cpu: the CPU may read the device's data. */
  syncSgtableForCpu(mapping: DmaMapping | UnmappedTable, direction: DmaDirection): void
  /** dma_sync_sgtable_for_device: the device may read the CPU's data. */
  syncSgtableForDevice(mapping: DmaMapping | UnmappedTable, direction: DmaDirection): void
  /**
   * dma_map_single: `size` bytes of the driver's own memory, from `offset`. It may fail: check with
   * `mappingError`.
   */
  mapSingle(
    device: string,
    memory: KernelMemory,
    offset: number,
    size: number,
    direction: DmaDirection,
    attributes?: DmaAttributes,
  ): DmaMapping
  /** dma_mapping_error: whether a single mapping could not be made. */
  mappingError(mapping: DmaMapping): boolean
  /** dma_unmap_single. */
  unmapSingle(
    mapping: DmaMapping,
    size: number,
    direction: DmaDirection,
    attributes?: DmaAttributes,
  ): void
  /** dma_sync_single_range_for_cpu: `size` bytes from `offset` of the mapping. */
  syncSingleRangeForCpu(
    mapping: DmaMapping,
    offset: number,
    size: number,
    direction: DmaDirection,
  ): void
  /** dma_sync_single_range_for_device. */
  syncSingleRangeForDevice(
    mapping: DmaMapping,
    offset: number,
    size: number,
    direction: DmaDirection,
  ): void
  /** dma_set_mask_and_coherent: the device uses addresses of `bits` bits. EIO when nothing fits. */
  setMask(device: string, bits: number): void
  /** dma_alloc_coherent: zeroed memory for the CPU and the device, in one piece. ENOMEM. */
  allocCoherent(device: string, size: number, options?: CoherentOptions): DmaMemory
  /**
   * dma_alloc_noncoherent: the same, cached, to be handed to and fro with the syncs of a single
   * mapping. ENOMEM.
   */
  allocNoncoherent(device: string, size: number, direction: DmaDirection): DmaMemory
  /** dma_free_noncoherent. */
  freeNoncoherent(allocated: DmaMemory, direction: DmaDirection): void
  /** dma_free_coherent. `size` and `memory` are the driver's arguments, which may be wrong. */
  freeCoherent(
    allocated: DmaMemory,
    believed?: { readonly size?: number; readonly memory?: KernelMemory },
  ): void
}

export function dmaCalls(bound: Bound): DmaCalls {
  return { ...sgtableCalls(bound), ...singleCalls(bound), ...coherentCalls(bound) }
}

type SgtableCalls = Pick<
  DmaCalls,
  'mapSgtable' | 'unmapSgtable' | 'syncSgtableForCpu' | 'syncSgtableForDevice'
>

function sgtableCalls(bound: Bound): SgtableCalls {
  const { driver, ledger } = bound
  const { dma } = bound.host
  const calls: SgtableCalls = {
    mapSgtable: (device, table, direction, { skipCpuSync } = {}) =>
      bound.now(calls.mapSgtable, () => {
        checkTable(bound, table, 'dma_map_sgtable')
        bound.direction(direction, 'dma_map_sgtable')
        const named = bound.names.of(table, device)
        const mapping = dma.map({ device, table, direction, skipCpuSync, driver, ...named })
        ledger.mapped(mapping, bound.origin, bound.underWay.operation?.attachment)
        return mapping
      }),
    unmapSgtable: (mapping, direction, attributes = {}) =>
      bound.now(calls.unmapSgtable, () => {
        checkMapping(bound, mapping, 'dma_unmap_sgtable')
        bound.direction(direction, 'dma_unmap_sgtable')
        const { entries, skipCpuSync = false } = attributes
        dma.unmap(mapping, { entries, skipCpuSync, as: 'sg', direction, driver })
        ledger.unmapped(mapping)
      }),
    syncSgtableForCpu: (mapping, direction) =>
      bound.now(calls.syncSgtableForCpu, () => syncTable(bound, 'cpu', mapping, direction)),
    syncSgtableForDevice: (mapping, direction) =>
      bound.now(calls.syncSgtableForDevice, () => syncTable(bound, 'device', mapping, direction)),
  }
  return calls
}

function syncTable(
  bound: Bound,
  to: 'cpu' | 'device',
  mapping: DmaMapping | UnmappedTable,
  direction: DmaDirection,
): void {
  const { driver, host, names } = bound
  const operation = `dma_sync_sgtable_for_${to}`
  bound.direction(direction, operation)
  if (host.dma.isMapping(mapping)) {
    if (to === 'cpu') host.dma.syncForCpu(mapping, direction, undefined, { driver })
    else host.dma.syncForDevice(mapping, direction, undefined, { driver })
    return
  }
  if (typeof mapping?.table !== 'object') checkMapping(bound, mapping, operation)
  const { device, table } = mapping
  checkTable(bound, table, operation)
  const { buffer } = names.of(table, device)
  host.dma.syncUnmapped({ to, device, buffer, size: table.size, driver })
}

/** Throws for a value without memory that could name it. */
function checkTable(bound: Bound, table: SgTable, operation: string): void {
  const runs: readonly unknown[] | undefined = table?.runs
  assert(
    Array.isArray(runs) && runs.every(isOfMemory),
    `${bound.driver.name}: the table that ${operation} is given has runs of memory, each in a storage`,
  )
}

function isOfMemory(run: unknown): boolean {
  const { storage } = (run ?? {}) as { storage?: unknown }
  return typeof storage === 'object' && storage !== null
}
