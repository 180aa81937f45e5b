/** Mappings for devices that are to blame: their direction, a sync that was skipped, a bounce copy. */
import type { DmaMapEvent, DmaSyncEvent, Range } from '../../events/event.ts'
import type { BufferHistory } from '../model/buffer-history.ts'
import { overlaps } from '../model/range-map.ts'
import type { Store } from '../model/store.ts'
import { directionChosenAt, directionName, writerName } from '../words.ts'
import { atMap, type Cause } from './cause.ts'

/** A device that writes through a mapping for reading, or reads through one for writing. */
export function directionCause(
  device: string,
  does: 'writes' | 'reads',
  map: DmaMapEvent | undefined,
): Cause | undefined {
  const narrow = does === 'writes' ? 'to-device' : 'from-device'
  if (map === undefined || map.direction !== narrow) return undefined
  return {
    rule: 'mapping-direction',
    reason: `${device} ${does} through a mapping that was made ${directionName(narrow)}`,
    because: {
      ...atMap(map, `The mapping was made ${directionName(narrow)} at event ${map.id}.`),
      origin: directionChosenAt(map),
    },
    origin: directionChosenAt(map),
    related: [],
  }
}

/** The store came before a map that skipped the CPU sync which would have cleaned it. */
export function skippedAtMap(store: Store, map: DmaMapEvent | undefined): Cause | undefined {
  if (map === undefined || !map.skipCpuSync || map.id < store.event.id) return undefined
  return {
    rule: 'unsafe-skip-hint',
    reason: `the mapping for ${map.device} skipped the CPU sync although ${writerName(store)} had stored before`,
    because: atMap(
      map,
      `The map at event ${map.id} has DMA_ATTR_SKIP_CPU_SYNC, and cleaned nothing.`,
    ),
    origin: map.origin ?? store.origin,
    related: [],
    fix: fixFor(map),
  }
}

/**
 * Dirty lines without a known store replaced the device's bytes, and the map before did not clean:
 * an earlier owner of the memory left them, or the store is forgotten.
 */
export function skippedOverDirty({ dma, event }: Store): Cause | undefined {
  if (dma === undefined || !dma.skipCpuSync || dma.id > event.id) return undefined
  return {
    rule: 'unsafe-skip-hint',
    reason: `the mapping for ${dma.device} skipped the CPU sync, and earlier dirty lines were written back over them`,
    because: atMap(
      dma,
      `The map at event ${dma.id} has DMA_ATTR_SKIP_CPU_SYNC, and cleaned nothing.`,
    ),
    origin: dma.origin,
    related: [],
    fix: fixFor(dma),
  }
}

/** The copy into the bounce buffer was left in the cache by a map that skipped the CPU sync. */
export function skippedAtBounce({ bounced, dma }: Store): Cause | undefined {
  if (!bounced || dma === undefined || !dma.skipCpuSync) return undefined
  return {
    rule: 'unsafe-skip-hint',
    reason: `the mapping for ${dma.device} skipped the CPU sync, and the bounce buffer stayed dirty in the CPU cache`,
    because: atMap(
      dma,
      `The map at event ${dma.id} has DMA_ATTR_SKIP_CPU_SYNC; it copied, and cleaned nothing.`,
    ),
    origin: dma.origin,
    related: [],
    fix: fixFor(dma),
  }
}

/** A model skips as Linux's own driver does: the line that the finding points to has no hint to drop. */
function fixFor({ driver }: DmaMapEvent): string | undefined {
  if (driver?.modelled !== true) return undefined
  return `${driver.name} always maps like this: end a CPU access for writing before the device takes the buffer, and begin one for reading after it, or take memory from an exporter that syncs, such as the DMA heaps of Linux.`
}

/**
 * The memory was handed to a device that only writes, after the CPU had stored: on some boards that
 * drops the stores, and the device need not write every byte.
 */
export function droppedForDevice(
  buffer: BufferHistory,
  store: Store,
  range: Range,
): Cause | undefined {
  const dropped = buffer.maintenanceAfter(
    store.event.id,
    ({ op, range: where }) => op === 'invalidate' && overlaps(where, range),
  )
  const by = dropped && buffer.handoverAfter(dropped)
  if (by === undefined || by.direction !== 'from-device') return undefined
  const what = by.kind === 'dma-map' ? 'map' : 'sync'
  return {
    rule: 'mapping-direction',
    reason: `a ${what} for ${by.device} ${directionName(by.direction)} dropped the lines`,
    because: {
      text: `The ${what} at event ${by.id} declares that ${by.device} overwrites all of it, so the CPU's stores are not kept.`,
      event: by.id,
      origin: by.origin,
    },
    origin: by.origin ?? store.origin,
    related: [],
    fix: 'Map memory that the device writes only in part, or that the CPU stores to as well, as DMA_BIDIRECTIONAL.',
  }
}

/** The device's store was to come back with an unmap that does not bring it. */
export function lostAtUnmap(buffer: BufferHistory, store: Store): Cause | undefined {
  return skippedAtUnmap(buffer, store) ?? unmappedOtherwise(buffer, store)
}

/** The device's store was to come back with an unmap, and none came before the device was detached. */
export function neverUnmapped(buffer: BufferHistory, { dma }: Store): Cause | undefined {
  if (dma === undefined || !buffer.isLeft(dma)) return undefined
  return {
    rule: 'mapping-leak',
    reason: `${dma.device} was detached without unmapping its mapping`,
    because: atMap(dma, `No unmap of the mapping of event ${dma.id} was seen.`),
    origin: dma.origin,
    related: [],
    fix: 'Unmap the mapping of map_dma_buf in unmap_dma_buf.',
  }
}

/** The unmap had another direction than the map, of a device that only reads. */
function unmappedOtherwise(buffer: BufferHistory, { event, dma }: Store): Cause | undefined {
  const unmap = buffer.mapped(dma?.mapping)?.unmap
  if (unmap === undefined || unmap.id < event.id) return undefined
  if (unmap.direction !== 'to-device' || dma?.direction === 'to-device') return undefined
  const importers = buffer.misdirected.get(unmap.mapping)
  return {
    rule: 'mapping-direction',
    reason: `the mapping of ${unmap.device} was unmapped ${directionName(unmap.direction)}, which copies nothing back`,
    because: atMap(
      unmap,
      `The unmap at event ${unmap.id} has a direction other than that of the map at event ${dma?.id}.`,
    ),
    origin: importers?.origin ?? unmap.origin ?? dma?.origin,
    related: [],
    fix: 'Pass the direction of the map to the unmap.',
  }
}

/** The unmap skipped the CPU sync. */
function skippedAtUnmap(buffer: BufferHistory, { event, dma }: Store): Cause | undefined {
  const unmap = buffer.mapped(dma?.mapping)?.unmap
  if (unmap === undefined || !unmap.skipCpuSync || unmap.id < event.id) return undefined
  return {
    rule: 'unsafe-skip-hint',
    reason: `the mapping of ${unmap.device} was unmapped without the CPU sync`,
    because: atMap(
      unmap,
      `The unmap at event ${unmap.id} has DMA_ATTR_SKIP_CPU_SYNC, and the CPU may have had lines of the buffer.`,
    ),
    origin: unmap.origin ?? dma?.origin,
    related: [],
  }
}

/** A sync after the store, of the mapping in question, whose direction moves nothing the way it must. */
export function syncedOtherwise(
  { id, syncs }: { readonly id: number; readonly syncs: readonly DmaSyncEvent[] },
  to: DmaSyncEvent['to'],
): Cause | undefined {
  const useless = to === 'cpu' ? 'to-device' : 'from-device'
  const mine = syncs.filter((sync) => sync.to === to)
  const sync = mine.at(-1)
  if (sync === undefined || mine.some(({ direction }) => direction !== useless)) return undefined
  return {
    rule: 'mapping-direction',
    reason: `the sync for the ${to === 'cpu' ? 'CPU' : 'device'} after event ${id} has the direction ${directionName(useless)}, which moves no data this way`,
    because: {
      text: `dma_sync_*_for_${to} at event ${sync.id} has the direction ${directionName(useless)}.`,
      event: sync.id,
      origin: sync.origin,
    },
    origin: sync.origin,
    related: [],
  }
}
