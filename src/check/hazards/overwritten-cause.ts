/** Why a device's bytes are gone: other bytes replaced them. */
import type { Hazard } from '../../events/event.ts'
import { writes } from '../model/bracket.ts'
import type { History } from '../model/history.ts'
import { overlaps } from '../model/range-map.ts'
import type { Store } from '../model/store.ts'
import { agentName, flagsOf, writerName } from '../words.ts'
import { bracketOnReader, uncoveredStore } from './alias-cause.ts'
import { beganInVain, overDevice } from './begin-cause.ts'
import { copiedOver, copyLeftDirty } from './bounce-cause.ts'
import { atStart, type Cause, isCached, type Reader } from './cause.ts'
import { endOfView, storeUnderRead, unbracketedStore } from './cpu-access-cause.ts'
import {
  directionCause,
  lostAtUnmap,
  neverUnmapped,
  skippedAtMap,
  skippedOverDirty,
} from './dma-cause.ts'
import { hookAtEnd } from './hook-cause.ts'
import { isExporters } from './own-memory-cause.ts'
import { dirtyThroughOther, neighbourOver } from './shared-line-cause.ts'

/** Other bytes replaced the device's. */
export function overwritten(
  history: History,
  hazard: Hazard,
  store: Store,
  reader: Reader,
): Cause | undefined {
  const copied = copiedOver(history, hazard.range, store, reader)
  if (copied !== undefined || store.bounced) return copied
  const shared = neighbourOver(history, hazard, store)
  if (shared !== undefined) return shared
  const later = reader.buffer.cpuStoreAfter(
    store.event.id,
    ({ event, attribute }) =>
      isCached(attribute) && overlaps(history.lines(event.buffer, event.range), hazard.range),
  )
  const { overDirty } = store
  const other = dirtyThroughOther(history, hazard, store)
  const dirty = overDirty ?? other
  const skipped = dirty && skippedAtMap(dirty, store.dma)
  if (skipped !== undefined) return skipped
  // A later store by the rules only made old bytes go back that an earlier mistake had left there.
  if (later !== undefined && (overDirty === undefined || !isByTheRules(later, store))) {
    return overwrittenBy(history, later, hazard, store, reader)
  }
  if (overDirty !== undefined) return underDirtyLine(history, hazard, store, overDirty, reader)
  return other === undefined
    ? (skippedOverDirty(store) ?? copyLeftDirty(history, hazard.range, store))
    : underOther(history, hazard, other, store, reader)
}

/** In an access for reading and writing that began after the device had stored. */
function isByTheRules({ bracket }: Store, { event }: Store): boolean {
  return bracket?.access === 'read-write' && bracket.began > event.id
}

/** The dirty line was stored into through other memory than the device's buffer. */
function underOther(
  history: History,
  hazard: Hazard,
  dirty: Store,
  store: Store,
  reader: Reader,
): Cause {
  if (dirty.by === 'kernel') return underDirtyLine(history, hazard, store, dirty, reader)
  const buffer = history.buffer(store.event.buffer)
  const bracket = isExporters(buffer, history.buffer(dirty.event.buffer))
    ? dirty.bracket
    : bracketOnReader(dirty, { ...reader, buffer })
  if (bracket === undefined) {
    return uncoveredStore(history, dirty, { ...reader, buffer }, 'their cache line was dirty')
  }
  return underDirtyLine(history, hazard, store, { ...dirty, bracket }, reader)
}

/** A line that was old where the device had stored became dirty through a store beside it. */
function overwrittenBy(
  history: History,
  later: Store,
  hazard: Hazard,
  store: Store,
  reader: Reader,
): Cause {
  const { bracket, origin } = later
  if (later.by === 'kernel') {
    return neverCameBack(history, store) ?? overwrittenByDriver(later, store)
  }
  if (bracket === undefined) return unbracketedStore(later)
  if (!writes(bracket.access)) return storeUnderRead(later, bracket)
  const device = writerName(store)
  if (bracket.began < store.event.id) return overDevice(bracket, store)
  if (bracket.access === 'read-write') return beganInVain(bracket, hazard, store, reader)
  return {
    rule: 'partial-write-over-stale',
    reason: `a later store filled only part of a cache line, and stale bytes beside it were written back over those of ${device}`,
    because: atStart(
      bracket,
      `${flagsOf(bracket.start)} keeps lines that were stale before the access began.`,
    ),
    origin: origin ?? bracket.start.origin,
    related: [{ label: 'the CPU access began here', origin: bracket.start.origin }],
    by: bracket.start.agent,
  }
}

/** The device's mapping was to bring the bytes back, and did not: the line was old because of that. */
function neverCameBack(history: History, store: Store): Cause | undefined {
  const buffer = history.buffer(store.event.buffer)
  return (
    directionCause(writerName(store), 'writes', store.dma) ??
    neverUnmapped(buffer, store) ??
    lostAtUnmap(buffer, store)
  )
}

function overwrittenByDriver({ event, origin }: Store, store: Store): Cause {
  const who = agentName(event.agent)
  return {
    rule: 'unsynced-handoff',
    reason: `${who} stored into a stale line (event ${event.id}), and the whole line is written back over the data of ${writerName(store)}`,
    because: {
      text: `There was no dma_sync_*_for_cpu between events ${store.event.id} and ${event.id}.`,
      event: event.id,
      origin,
    },
    origin: origin ?? store.origin,
    related: [],
    fix: 'Call dma_sync_*_for_cpu after the device has finished and before the stores.',
  }
}

function underDirtyLine(
  history: History,
  hazard: Hazard,
  store: Store,
  dirty: Store,
  { buffer, origin }: Reader,
): Cause {
  const { bracket } = dirty
  const device = writerName(store)
  if (bracket !== undefined && bracket.ended > store.event.id) return overDevice(bracket, store)
  const skipped =
    dirty.by === 'kernel' || bracket?.end !== undefined ? skippedAtMap(dirty, store.dma) : undefined
  const known = skipped ?? endedInVain(history, hazard, store, dirty)
  if (known !== undefined) return known
  const stored = `the stores of ${writerName(dirty)} (event ${dirty.event.id})`
  return {
    rule: 'dirty-over-dma',
    reason: `a dirty line with ${stored} covered them and may be written back at any time`,
    because: {
      text: `The line with ${stored} was not cleaned before ${device} wrote.`,
      event: dirty.event.id,
      origin: dirty.origin,
    },
    origin: dirty.origin ?? store.queued?.origin ?? origin ?? buffer.shared?.origin,
    related: [],
    by: isFirstFill(dirty) ? undefined : dirty.event.agent,
  }
}

/** An exporter's zeros, through no mapping: who got the fresh buffer has to clean it. */
function isFirstFill({ by, event }: Store): boolean {
  return by === 'kernel' && event.mapping === undefined && event.buffer >= 0
}

/** The CPU access around the dirty store was ended for writing, and the END left the line dirty. */
function endedInVain(
  history: History,
  { range }: Hazard,
  store: Store,
  dirty: Store,
): Cause | undefined {
  const { bracket } = dirty
  if (bracket?.end === undefined || endOfView(dirty) !== undefined) return undefined
  if (!writes(bracket.access) || !writes(bracket.end.access)) return undefined
  const user = { device: writerName(store), dma: store.dma }
  return hookAtEnd(history.buffer(bracket.end.buffer), bracket, user, range)
}
