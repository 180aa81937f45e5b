/** Mappings for devices that are to blame: their direction, a sync that was skipped, a bounce copy. */
import type { DmaMapEvent, DmaSyncEvent } from '../../events/event.ts'
import type { BufferHistory } from '../buffer-history.ts'
import type { Store } from '../store.ts'
import { directionName, writerName } from '../words.ts'
import { atMap, type Cause, type Reader } from './cause.ts'

/** A device that writes what is mapped for reading, or reads what is mapped for writing. */
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
    because: atMap(map, `The mapping was made ${directionName(narrow)} at event ${map.id}.`),
    origin: map.origin,
    related: [],
  }
}

/** The store came before a map that skipped the CPU sync which would have cleaned it. */
export function skippedAtMap(store: Store, map: DmaMapEvent | undefined): Cause | undefined {
  if (map === undefined || !map.skipCpuSync || map.id < store.event.id) return undefined
  return {
    rule: 'unsafe-skip-hint',
    reason: `the mapping for ${map.device} skipped the CPU sync, though ${writerName(store)} had stored before`,
    because: atMap(
      map,
      `The map at event ${map.id} has DMA_ATTR_SKIP_CPU_SYNC, and cleaned nothing.`,
    ),
    origin: map.origin ?? store.origin,
    related: [],
  }
}

/** The device's store was to come back with an unmap that skipped the CPU sync. */
export function skippedAtUnmap(buffer: BufferHistory, { event, dma }: Store): Cause | undefined {
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
    reason: `the sync for the ${to === 'cpu' ? 'CPU' : 'device'} after event ${id} has the direction ${directionName(useless)}, which moves nothing this way`,
    because: {
      text: `dma_sync_*_for_${to} at event ${sync.id} has the direction ${directionName(useless)}.`,
      event: sync.id,
      origin: sync.origin,
    },
    origin: sync.origin,
    related: [],
  }
}

/** Nobody else is to blame: bytes on one side of a bounce copy stayed there. */
export function bounceCause(store: Store, reader: Reader): Cause {
  const writer = writerName(store)
  const map = reader.bounced ? reader.dma : store.dma
  const device = reader.bounced ? reader.name : writer
  const reason =
    store.bounced && reader.bounced
      ? `${writer} and ${reader.name} have bounce copies of their own`
      : store.bounced
        ? `${writer} wrote a bounce copy, and nobody copied it back`
        : `${reader.name} reads a bounce copy that was made before`
  return {
    rule: 'bounce-not-synced',
    reason,
    because:
      map === undefined
        ? { text: 'No sync of the bounce copy lies between the two.' }
        : atMap(
            map,
            `The mapping for ${device} (event ${map.id}) went to a bounce copy, and no sync moved the bytes since.`,
          ),
    origin: map?.origin ?? reader.origin ?? store.queued?.origin ?? store.origin,
    related: [],
  }
}
