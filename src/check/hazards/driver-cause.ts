/** A driver's own accesses, through vmap or to its own memory: dma_sync_* covers them. */
import type { Hazard } from '../../events/event.ts'
import type { Store } from '../model/store.ts'
import { agentName, writerName } from '../words.ts'
import type { Cause, Reader } from './cause.ts'
import { droppedForDevice, skippedAtMap } from './dma-cause.ts'

/** A map after the store was to clean it, and did not, or dropped it. */
export function droppedSince(
  { range }: Hazard,
  store: Store,
  { buffer }: Reader,
): Cause | undefined {
  for (const map of buffer.dma.values()) {
    const skipped = skippedAtMap(store, map)
    if (skipped !== undefined) return skipped
  }
  return droppedForDevice(buffer, store, range)
}

/** A driver stored, and did not sync for the device. */
export function unsyncedStore(hazard: Hazard, store: Store, reader: Reader): Cause {
  const { dma, event } = reader
  const who = writerName(store)
  return {
    rule: 'unsynced-handoff',
    reason:
      hazard.kind === 'lost'
        ? `${who} stored while a device owned the memory, and a sync for the CPU dropped the line`
        : `${who} did not sync them for the device`,
    because: {
      text: `There was no dma_sync_*_for_device between events ${store.event.id} and ${event.id}.`,
    },
    origin: store.origin ?? reader.origin ?? dma?.origin,
    related: [],
    fix: 'Call dma_sync_*_for_device after the stores and before the device starts.',
  }
}

/** A driver loads, and did not sync for the CPU. */
export function unsyncedLoad(store: Store, reader: Reader): Cause {
  return {
    rule: 'unsynced-handoff',
    reason: `${agentName(reader.event.agent)} did not sync them for the CPU`,
    because: {
      text: `There was no dma_sync_*_for_cpu of these bytes between events ${store.event.id} and ${reader.event.id}.`,
    },
    origin: reader.origin ?? store.origin ?? store.dma?.origin,
    related: [],
    fix: 'Call dma_sync_*_for_cpu after the device has finished and before the loads.',
  }
}
