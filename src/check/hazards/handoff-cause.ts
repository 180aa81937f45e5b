/** A missing sync: between two devices, or between a device and the CPU. */
import type { EventOrigin, Hazard } from '../../events/event.ts'
import type { History } from '../model/history.ts'
import { overlaps } from '../model/range-map.ts'
import type { Store } from '../model/store.ts'
import { writerName } from '../words.ts'
import type { Cause, Reader } from './cause.ts'
import { isSnooped } from './pair.ts'

/**
 * Lines that a snooping device left in the cache were dropped for another device's mapping: on
 * arm64, arch_sync_dma_for_cpu invalidates (dcache_inval_poc in arch/arm64/mm/cache.S of Linux
 * 6.12), and `dc ivac` discards dirty lines of any origin.
 */
export function droppedFromCache(
  history: History,
  { range }: Hazard,
  store: Store,
): Cause | undefined {
  const buffer = history.buffer(store.event.buffer)
  const by = buffer.maintenanceAfter(
    store.event.id,
    ({ op, range: where }) => op === 'invalidate' && overlaps(where, range),
  )
  if (by === undefined) return undefined
  const device = writerName(store)
  return {
    rule: 'unsynced-handoff',
    reason: `${device} may have left them in the CPU cache, and an invalidate for ${by.device}, which also has the buffer mapped and does not snoop, dropped them`,
    because: {
      text: `The lines were invalidated at event ${by.id}, and had not been written back since ${device} stored.`,
      event: by.id,
      origin: by.origin,
    },
    origin: by.origin ?? store.queued?.origin ?? store.origin,
    related: [],
    fix: `Unmap the buffer from ${by.device} while ${device} writes it, or put an empty CPU access for writing (START | WRITE, then END | WRITE) right after ${device}: with an exporter that syncs in the direction of the access, such as a DMA heap, its END writes the lines back.`,
  }
}

export function handoff(store: Store, reader: Reader): Cause {
  const device = writerName(store)
  const reason = !isSnooped(store)
    ? `${device} wrote memory without snooping the CPU cache, and ${reader.name} reads through the cache`
    : reader.by === 'device'
      ? `${device} may have left them in the CPU cache, which ${reader.name} does not snoop`
      : `${device} may have left them in the CPU cache, and a sync for another device dropped the line`
  return {
    rule: 'unsynced-handoff',
    reason,
    because: { text: `There was no sync between the store of ${device} and this read.` },
    origin: reader.origin ?? mappedAt(reader) ?? store.queued?.origin ?? store.origin,
    related: [],
  }
}

/** Where the program gave the buffer to the device that reads. */
function mappedAt({ buffer, name }: Reader): EventOrigin | undefined {
  return [...buffer.dma.values()].find(({ device }) => device === name)?.origin
}
