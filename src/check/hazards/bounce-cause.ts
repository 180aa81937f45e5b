/** Bounce copies: bytes that stayed in one, and copies that were copied over newer bytes. */
import type { BounceCopyEvent, DmaMapEvent, EventId, Range } from '../../events/event.ts'
import type { History } from '../model/history.ts'
import { isSameBytes } from '../model/placements.ts'
import { overlaps } from '../model/range-map.ts'
import type { Store } from '../model/store.ts'
import { flagsOf, mappedFrom, writerName } from '../words.ts'
import { atMap, atStart, type Cause, type Reader } from './cause.ts'

/** Writes dirty lines back, with an exporter that syncs in the direction of the access. */
const CLEANS = 'an empty CPU access for writing (START | WRITE, then END | WRITE)'

/** A device's bytes were in the buffer since an event, and the copy from another's bounce copy replaced them. */
interface Overwrite {
  /** The copy from its own bounce copy; undefined where it wrote the buffer itself. */
  readonly back: BounceCopyEvent | undefined
  readonly over: BounceCopyEvent
}

/**
 * Stale bytes replaced the bytes of a device: in the buffer from another device's bounce copy, or
 * in its bounce copy from the buffer.
 */
export function copiedOver(
  history: History,
  range: Range,
  store: Store,
  reader: Reader,
): Cause | undefined {
  const found = overwriteOf(history, range, store, reader)
  if (found !== undefined) return byOtherCopy(history, store, found)
  return store.bounced ? byBuffer(store, reader) : undefined
}

/** The newest that happened to the bytes decides: a copy that brought them again undoes the harm. */
function overwriteOf(
  history: History,
  range: Range,
  store: Store,
  reader: Reader,
): Overwrite | undefined {
  const seen = lastCopyTo(reader)
  const copies = copiesBack(history, range, store).filter(({ id }) => id < seen)
  const mine = store.dma?.mapping
  const back = store.bounced ? copies.findLast(({ mapping }) => mapping === mine) : undefined
  if (store.bounced && back === undefined) return undefined
  const since = back?.id ?? store.event.id
  const over = copies.find(({ id, mapping }) => id > since && mapping !== mine)
  return over && { back, over }
}

/** The event that last copied the bytes the reader sees from the buffer. */
function lastCopyTo({ bounced, buffer, dma }: Reader): EventId {
  if (!bounced) return Number.POSITIVE_INFINITY
  const copy = buffer
    .copiesAfter(0)
    .findLast(({ to, mapping }) => to === 'bounce' && mapping === dma?.mapping)
  return copy?.id ?? Number.POSITIVE_INFINITY
}

/** The copies from bounce copies to the bytes since they were stored, in order: of any buffer that has them. */
function copiesBack(history: History, range: Range, { event }: Store): BounceCopyEvent[] {
  const isBack = ({ to }: BounceCopyEvent): boolean => to === 'original'
  const own = history
    .buffer(event.buffer)
    .copiesAfter(event.id)
    .filter((copy) => isBack(copy) && overlaps(copy.range, range))
  const others = history.neighbours(event.buffer, range).flatMap((neighbour) =>
    history
      .buffer(neighbour.buffer)
      .copiesAfter(event.id)
      .filter((copy) => isBack(copy) && isSameBytes(neighbour, copy.range, range)),
  )
  return [...own, ...others].sort((a, b) => a.id - b.id)
}

function byOtherCopy(history: History, store: Store, { back, over }: Overwrite): Cause {
  const writer = writerName(store)
  const map = history.mapping(over.mapping, over.buffer)?.map
  const since =
    back === undefined
      ? `${writer} wrote the buffer itself at event ${store.event.id}`
      : `The bounce buffer of ${writer} was copied back at event ${back.id}`
  return {
    rule: 'bounce-not-synced',
    reason: `the stale bounce buffer of ${over.device} was copied over the bytes of ${writer} (event ${over.id})`,
    because: {
      text: `${since}, and the bounce buffer of ${over.device} at event ${over.id}: a CPU access copies back the bounce buffers of all mappings, one after the other.`,
      event: over.id,
      origin: over.origin,
    },
    origin: (map && mappedFrom(map)) ?? over.origin,
    related: [
      { label: `${over.device} got its bounce buffer here`, origin: map && mappedFrom(map) },
      { label: 'the bounce buffers were copied back here', origin: over.origin },
    ],
    fix: fixFor(back && store.dma, map, { writer, other: over.device }),
  }
}

/** The exporter syncs attachments in the order in which they were made, and the last copy wins. */
function fixFor(
  mine: DmaMapEvent | undefined,
  other: DmaMapEvent | undefined,
  { writer, other: device }: { readonly writer: string; readonly other: string },
): string {
  const drop = `the mapping of ${device} (release the import), with ${CLEANS} after it, before ${writer} writes the buffer, and map it again after the CPU access`
  if (mine?.attachment === undefined || other?.attachment === undefined) return `End ${drop}.`
  const order = mine.id < other.id ? 'after' : 'before'
  return `Let ${writer} take the buffer ${order} ${device} does, so that its bounce buffer is the last to be copied back; or end ${drop}.`
}

/**
 * Bytes copied back stayed in the cache, and were written back over a later store of the device.
 */
export function copyLeftDirty(history: History, range: Range, store: Store): Cause | undefined {
  const buffer = history.buffer(store.event.buffer)
  const { id: written } = store.event
  const copy = buffer
    .copiesAfter(0)
    .findLast((one) => one.to === 'original' && one.id < written && overlaps(one.range, range))
  if (copy === undefined) return undefined
  const maintained = buffer.maintenanceAfter(
    copy.id,
    ({ id, range: where }) => id < written && overlaps(where, range),
  )
  if (maintained !== undefined) return undefined
  const device = writerName(store)
  return {
    rule: 'bounce-not-synced',
    reason: `the bytes copied back from the bounce buffer of ${copy.device} (event ${copy.id}) stayed dirty in the CPU cache, and were written back over those of ${device}`,
    because: {
      text: `No END for writing lies between the copy at event ${copy.id} and the store of ${device}.`,
      event: copy.id,
      origin: copy.origin,
    },
    origin: copy.origin ?? store.queued?.origin ?? store.origin,
    related: [{ label: `${device} got the buffer here`, origin: store.queued?.origin }],
    fix: `Put ${CLEANS} after the copy and before ${device} gets the buffer: its END writes the lines back.`,
  }
}

/** An END for writing copies the whole buffer over the device's bytes in its bounce copy. */
function byBuffer(store: Store, { buffer }: Reader): Cause | undefined {
  const bracket = buffer.lastWriteBracket
  if (bracket?.end === undefined || bracket.ended < store.event.id) return undefined
  if (bracket.access !== 'write' || bracket.began < store.event.id) return undefined
  const device = writerName(store)
  return {
    rule: 'partial-write-over-stale',
    reason: `a write-only CPU access has ended since, and copied the whole buffer, including stale bytes, over the data of ${device} in its bounce buffer`,
    because: atStart(
      bracket,
      `${flagsOf(bracket.start)} did not copy back the data that ${device} had written to its bounce buffer.`,
    ),
    origin: bracket.start.origin,
    related: [{ label: 'the CPU access ended here', origin: bracket.end.origin }],
    fix: "Begin the access with 'read-write', or store every byte of the buffer.",
  }
}

/** No other cause: bytes on one side of a bounce copy were not copied. */
export function bounceCause(store: Store, reader: Reader): Cause {
  const writer = writerName(store)
  const map = reader.bounced ? reader.dma : store.dma
  const device = reader.bounced ? reader.name : writer
  const reason =
    store.bounced && reader.bounced
      ? `${writer} and ${reader.name} have separate bounce buffers, and there was no copy from one to the other`
      : store.bounced
        ? `${writer} wrote its bounce buffer, which was not copied back`
        : `${reader.name} reads its bounce buffer, which was filled before`
  return {
    rule: 'bounce-not-synced',
    reason,
    because:
      map === undefined
        ? { text: 'There was no sync of the bounce buffer between the two.' }
        : {
            ...atMap(
              map,
              `The mapping for ${device} (event ${map.id}) uses a bounce buffer, and no sync has copied it since.`,
            ),
            origin: mappedFrom(map),
          },
    origin: (map && mappedFrom(map)) ?? reader.origin ?? store.queued?.origin ?? store.origin,
    related: [],
  }
}
