import type { DmaDirection } from '../events/event.ts'
import type { DmaMapping } from '../kernel/dma/mapping.ts'
import type { Bound } from './bound.ts'
import type { DmaCalls } from './dma-calls.ts'
import { checkMapping, checkMemory } from './dma-memory-calls.ts'

type SingleCalls = Pick<
  DmaCalls,
  | 'mapSingle'
  | 'unmapSingle'
  | 'mappingError'
  | 'syncSingleRangeForCpu'
  | 'syncSingleRangeForDevice'
>

/** Mappings of a driver's own memory, one piece at a time. */
export function singleCalls(bound: Bound): SingleCalls {
  const { driver, ledger } = bound
  const { dma } = bound.host
  const calls: SingleCalls = {
    mapSingle: (device, memory, offset, size, direction, { skipCpuSync } = {}) =>
      bound.now(calls.mapSingle, () => {
        checkMemory(bound, memory, 'dma_map_single')
        bound.direction(direction, 'dma_map_single')
        const request = { device, memory, offset, size, direction, skipCpuSync, driver }
        const mapping = dma.mapSingle(request)
        if (!mapping.failed) ledger.mapped(mapping, bound.origin, undefined)
        return mapping
      }),
    mappingError: (mapping) => {
      checkMapping(bound, mapping, 'dma_mapping_error')
      return dma.mappingError(mapping)
    },
    unmapSingle: (mapping, size, direction, { skipCpuSync = false } = {}) =>
      bound.now(calls.unmapSingle, () => {
        checkMapping(bound, mapping, 'dma_unmap_single')
        bound.direction(direction, 'dma_unmap_single')
        dma.unmap(mapping, { as: 'single', size, direction, skipCpuSync, driver })
        ledger.unmapped(mapping)
      }),
    syncSingleRangeForCpu: (mapping, offset, size, direction) =>
      bound.now(calls.syncSingleRangeForCpu, () => {
        const range = { start: offset, end: offset + size }
        sync(bound, 'cpu', { mapping, range, direction })
      }),
    syncSingleRangeForDevice: (mapping, offset, size, direction) =>
      bound.now(calls.syncSingleRangeForDevice, () => {
        const range = { start: offset, end: offset + size }
        sync(bound, 'device', { mapping, range, direction })
      }),
  }
  return calls
}

function sync(
  bound: Bound,
  to: 'cpu' | 'device',
  what: { mapping: DmaMapping; range: { start: number; end: number }; direction: DmaDirection },
): void {
  const { mapping, range, direction } = what
  const { driver, host } = bound
  const operation = `dma_sync_single_range_for_${to}`
  checkMapping(bound, mapping, operation)
  bound.direction(direction, operation)
  if (to === 'cpu') host.dma.syncForCpu(mapping, direction, range, { driver })
  else host.dma.syncForDevice(mapping, direction, range, { driver })
}
