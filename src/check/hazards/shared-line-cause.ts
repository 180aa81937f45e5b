/** Harm by another owner's bytes in the same cache line. */
import type { DeviceAccessEvent, EventId, Hazard, Range } from '../../events/event.ts'
import type { BufferHistory } from '../model/buffer-history.ts'
import type { History } from '../model/history.ts'
import { isSameBytes } from '../model/placements.ts'
import { overlaps } from '../model/range-map.ts'
import type { Store } from '../model/store.ts'
import { bytesOf, writerName } from '../words.ts'
import { type Cause, isCached } from './cause.ts'

/** A neighbour's dirty line over a device's bytes. */
export function neighbourOver(history: History, hazard: Hazard, store: Store): Cause | undefined {
  const neighbour = dirtyNeighbour(history, hazard.range, store)
  if (neighbour === undefined) return undefined
  const device = writerName(store)
  const what = bytesOf(neighbour.event.range, history.buffer(neighbour.event.buffer))
  return {
    rule: 'shared-line',
    reason: `${writerName(neighbour)} stored to ${what} in the same cache line, and the whole line is written back over the data of ${device}`,
    because: {
      text: `The line was dirtied by the store at event ${neighbour.event.id} to bytes that were not mapped for ${device}.`,
      event: neighbour.event.id,
      origin: neighbour.origin,
    },
    origin: store.dma?.origin ?? neighbour.origin ?? store.origin,
    related: [{ label: 'the neighbour in the line was stored here', origin: neighbour.origin }],
  }
}

/**
 * A CPU store through other memory that left a dirty line over a device's bytes: to the same bytes,
 * or to others that are mapped for the device as well.
 */
export function dirtyThroughOther(
  history: History,
  { range }: Hazard,
  store: Store,
): Store | undefined {
  const { event, dma } = store
  const mapped = dma?.range ?? { start: 0, end: Number.POSITIVE_INFINITY }
  return newest(
    history.neighbours(event.buffer, range).map((neighbour) =>
      history.buffer(neighbour.buffer).cpuStoreIn(neighbour.range, (one) => {
        const isSame = isSameBytes(neighbour, one.event.range, mapped)
        return isSame && isDirty(history, one, event as DeviceAccessEvent)
      }),
    ),
  )
}

/** A line that was dropped for a neighbour, with the CPU's store beside it. */
export function neighbourDropped(
  history: History,
  { range }: Hazard,
  store: Store,
): Cause | undefined {
  const { event } = store
  const own = history.buffer(event.buffer)
  const lines = history.lines(own.id, range)
  const dropped = own.maintenanceAfter(
    event.id,
    ({ op, range: about }) => op === 'invalidate' && overlaps(about, lines),
  )
  if (dropped !== undefined && overlaps(dropped.range, range)) return undefined
  const by = dropped ?? droppedFor(history, own, range, event.id)
  if (by === undefined) return undefined
  const what = bytesOf(by.range, history.buffer(by.buffer))
  return {
    rule: 'shared-line',
    reason: `${what}, in the same cache line, were invalidated for ${by.device}`,
    because: {
      text: `The invalidate at event ${by.id} dropped the whole line, including the store at event ${event.id}.`,
      event: by.id,
      origin: by.origin,
    },
    origin: by.origin ?? store.origin,
    related: [],
  }
}

function droppedFor(
  history: History,
  own: BufferHistory,
  range: Range,
  since: EventId,
): ReturnType<BufferHistory['maintenanceAfter']> {
  for (const neighbour of history.neighbours(own.id, range)) {
    const found = history
      .buffer(neighbour.buffer)
      .maintenanceAfter(
        since,
        ({ op, range: about }) =>
          op === 'invalidate' &&
          overlaps(about, neighbour.range) &&
          !isSameBytes(neighbour, about, range),
      )
    if (found !== undefined) return found
  }
  return undefined
}

/** The newest CPU store that made the line dirty, to bytes that the device's mapping does not have. */
function dirtyNeighbour(history: History, range: Range, store: Store): Store | undefined {
  const { event, dma } = store
  const own = history.buffer(event.buffer)
  const mapped = dma?.range ?? { start: 0, end: Number.POSITIVE_INFINITY }
  const lines = history.lines(own.id, range)
  const device = event as DeviceAccessEvent
  return newest([
    own.cpuStoreIn(lines, (one) => {
      return !overlaps(one.event.range, mapped) && isDirty(history, one, device)
    }),
    ...history.neighbours(own.id, range).map((neighbour) =>
      history.buffer(neighbour.buffer).cpuStoreIn(neighbour.range, (one) => {
        const isSame = isSameBytes(neighbour, one.event.range, mapped)
        return !isSame && isDirty(history, one, device)
      }),
    ),
  ])
}

function newest(stores: readonly (Store | undefined)[]): Store | undefined {
  return stores.reduce(
    (last, one) => ((one?.event.id ?? 0) > (last?.event.id ?? 0) ? one : last),
    undefined,
  )
}

function isDirty(history: History, store: Store, device: DeviceAccessEvent): boolean {
  return store.by !== 'device' && isCached(store.attribute) && !wasCleaned(history, store, device)
}

/** A store from before the device's, and a clean in between. */
function wasCleaned(history: History, { event }: Store, device: DeviceAccessEvent): boolean {
  if (event.id > device.id) return false
  const touched = history.lines(event.buffer, event.range)
  const clean = history
    .buffer(event.buffer)
    .maintenanceAfter(event.id, ({ id, range }) => id < device.id && overlaps(range, touched))
  if (clean !== undefined) return true
  return history
    .neighbours(event.buffer, event.range)
    .some((neighbour) =>
      history
        .buffer(neighbour.buffer)
        .maintenanceAfter(
          event.id,
          ({ id, range }) => id < device.id && overlaps(range, neighbour.range),
        ),
    )
}
