/** A driver's own accesses, through vmap or to its own memory: dma_sync_* covers them. */
import type { Hazard } from '../../events/event.ts'
import type { History } from '../model/history.ts'
import type { Store } from '../model/store.ts'
import { agentName, writerName } from '../words.ts'
import { bounceCause } from './bounce-cause.ts'
import type { Cause, Reader } from './cause.ts'
import {
  directionCause,
  droppedForDevice,
  lostAtUnmap,
  neverUnmapped,
  skippedAtBounce,
  skippedAtMap,
  syncedOtherwise,
} from './dma-cause.ts'

/** A device misses a store by a driver. */
export function causeInDriverStore(hazard: Hazard, store: Store, reader: Reader): Cause {
  const { buffer, dma, event } = reader
  const since = store.event.id
  const known =
    reader.by === 'device' &&
    (directionCause(reader.name, 'reads', dma) ??
      skippedAtMap(store, dma) ??
      syncedOtherwise({ id: since, syncs: buffer.syncsAfter(since, dma?.mapping) }, 'device'))
  if (known) return known
  const dropped = hazard.kind === 'lost' ? droppedSince(hazard, store, reader) : undefined
  if (dropped !== undefined) return dropped
  if (reader.bounced) return bounceCause(store, reader)
  const who = writerName(store)
  return {
    rule: 'unsynced-handoff',
    reason:
      hazard.kind === 'lost'
        ? `${who} stored while a device owned the memory, and a sync for the CPU dropped the line`
        : `${who} did not sync them for the device`,
    because: {
      text: `There was no dma_sync_*_for_device between events ${since} and ${event.id}.`,
    },
    origin: store.origin ?? reader.origin ?? dma?.origin,
    related: [],
    fix: 'Call dma_sync_*_for_device after the stores and before the device starts.',
  }
}

/** A map after the store was to clean it, and did not, or dropped it. */
function droppedSince({ range }: Hazard, store: Store, { buffer }: Reader): Cause | undefined {
  for (const map of buffer.dma.values()) {
    const skipped = skippedAtMap(store, map)
    if (skipped !== undefined) return skipped
  }
  return droppedForDevice(buffer, store, range)
}

/** A driver misses a store by a device. */
export function causeInDriverLoad(history: History, store: Store, reader: Reader): Cause {
  const buffer = history.buffer(store.event.buffer)
  const since = store.event.id
  const device = writerName(store)
  const known =
    directionCause(device, 'writes', store.dma) ??
    syncedOtherwise({ id: since, syncs: buffer.syncsAfter(since, store.dma?.mapping) }, 'cpu') ??
    neverUnmapped(buffer, store) ??
    lostAtUnmap(buffer, store) ??
    skippedAtBounce(store)
  if (known !== undefined) return known
  if (store.bounced) return bounceCause(store, reader)
  return {
    rule: 'unsynced-handoff',
    reason: `${agentName(reader.event.agent)} did not sync them for the CPU`,
    because: {
      text: `There was no dma_sync_*_for_cpu of these bytes between events ${since} and ${reader.event.id}.`,
    },
    origin: reader.origin ?? store.origin ?? store.dma?.origin,
    related: [],
    fix: 'Call dma_sync_*_for_cpu after the device has finished and before the loads.',
  }
}
