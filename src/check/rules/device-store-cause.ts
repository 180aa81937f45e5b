/** Why a read may miss what a device stored last. */
import type { DeviceAccessEvent, EventOrigin, Hazard } from '../../events/event.ts'
import { type Bracket, writes } from '../bracket.ts'
import type { History } from '../history.ts'
import { overlaps } from '../range-map.ts'
import type { Store } from '../store.ts'
import { agentName, bracketName, flagsOf, syncedFor, writerName } from '../words.ts'
import { attributeCause, bracketOnReader, uncoveredLoad, uncoveredStore } from './alias-cause.ts'
import { atStart, type Cause, isCached, type Reader } from './cause.ts'
import { storeUnderRead, unbracketedStore } from './cpu-store-cause.ts'
import { bounceCause, directionCause, skippedAtMap, skippedAtUnmap } from './dma-cause.ts'
import { causeInDriverLoad } from './driver-cause.ts'
import { hookAtStart } from './hook-cause.ts'
import { dirtyThroughOther, neighbourOver } from './shared-line-cause.ts'

export function causeInDeviceStore(
  history: History,
  hazard: Hazard,
  store: Store,
  reader: Reader,
): Cause {
  const { by } = reader
  if (by === 'device' && (store.bounced || reader.bounced)) return bounceCause(store, reader)
  const harm = hazard.kind === 'lost' ? overwritten(history, hazard, store, reader) : undefined
  if (harm !== undefined) return harm
  if (!store.bounced) {
    if (!isCached(reader.attribute)) return attributeCause(store, reader)
    if (by === 'device' || isSnooped(store)) return handoff(store, reader)
  }
  if (by === 'kernel') return causeInDriverLoad(history, store, reader)
  const other = store.event.buffer !== reader.buffer.id
  const uncovered = other ? uncoveredLoad(history, store, reader) : undefined
  if (uncovered !== undefined) return uncovered
  return readByCpu(other ? onBufferOf(history, store, reader) : reader, hazard, store)
}

/** The CPU access that governs the bytes is one of the buffer that the device stored to. */
function onBufferOf(history: History, store: Store, reader: Reader): Reader {
  return { ...reader, buffer: history.buffer(store.event.buffer) }
}

/** Other bytes came over what the device had stored. */
function overwritten(
  history: History,
  hazard: Hazard,
  store: Store,
  reader: Reader,
): Cause | undefined {
  if (store.bounced) return copiedOver(store, reader)
  const shared = neighbourOver(history, hazard, store)
  if (shared !== undefined) return shared
  const later = reader.buffer.cpuStoreAfter(
    store.event.id,
    ({ event, attribute }) =>
      isCached(attribute) && overlaps(history.lines(event.buffer, event.range), hazard.range),
  )
  const { overDirty } = store
  // A later store by the rules only made old bytes go back that an earlier mistake had left there.
  if (later !== undefined && (overDirty === undefined || !isByTheRules(later, store))) {
    return overwrittenBy(later, hazard, store, reader)
  }
  if (overDirty !== undefined) return underDirtyLine(store, overDirty, reader)
  const other = dirtyThroughOther(history, hazard, store)
  return other === undefined ? undefined : underOther(history, other, store, reader)
}

/** The dirty line was stored into through other memory than the device's buffer. */
function underOther(history: History, dirty: Store, store: Store, reader: Reader): Cause {
  if (dirty.by === 'kernel') return underDirtyLine(store, dirty, reader)
  const buffer = history.buffer(store.event.buffer)
  const bracket = bracketOnReader(dirty, { ...reader, buffer })
  if (bracket === undefined) {
    return uncoveredStore(history, dirty, { ...reader, buffer }, 'a line over them was stored to')
  }
  return underDirtyLine(store, { ...dirty, bracket }, reader)
}

/** In an access for reading and writing that began after the device had stored. */
function isByTheRules({ bracket }: Store, { event }: Store): boolean {
  return bracket?.access === 'read-write' && bracket.began > event.id
}

/** An END for writing copies all of the buffer over what the device left in its bounce copy. */
function copiedOver(store: Store, { buffer }: Reader): Cause | undefined {
  const bracket = buffer.lastWriteBracket
  if (bracket?.end === undefined || bracket.ended < store.event.id) return undefined
  if (bracket.access !== 'write' || bracket.began < store.event.id) return undefined
  const device = writerName(store)
  return {
    rule: 'partial-write-over-stale',
    reason: `a CPU access for writing alone ended since, and copied old bytes of the buffer over those of ${device}`,
    because: atStart(
      bracket,
      `${flagsOf(bracket.start)} did not fetch what ${device} had written to its bounce copy.`,
    ),
    origin: bracket.start.origin,
    related: [{ label: 'the CPU access ended here', origin: bracket.end.origin }],
  }
}

function isSnooped({ event }: Store): boolean {
  return (event as DeviceAccessEvent).snooped
}

/** A line that was old where the device had stored became dirty through a store beside it. */
function overwrittenBy(later: Store, hazard: Hazard, store: Store, reader: Reader): Cause {
  const { bracket, origin } = later
  if (later.by === 'kernel') return overwrittenByDriver(later, store)
  if (bracket === undefined) return unbracketedStore(later)
  if (!writes(bracket.access)) return storeUnderRead(later, bracket)
  const device = writerName(store)
  if (bracket.began < store.event.id) return overDevice(bracket, store)
  if (bracket.access === 'read-write') return beganInVain(bracket, hazard, store, reader)
  return {
    rule: 'partial-write-over-stale',
    reason: `a later store filled only part of a cache line, and old bytes beside it went back over those of ${device}`,
    because: atStart(
      bracket,
      `${flagsOf(bracket.start)} keeps lines that were old before the access began.`,
    ),
    origin: origin ?? bracket.start.origin,
    related: [{ label: 'the CPU access began here', origin: bracket.start.origin }],
  }
}

function overwrittenByDriver({ event, origin }: Store, store: Store): Cause {
  const who = agentName(event.agent)
  return {
    rule: 'unsynced-handoff',
    reason: `${who} stored into a line that was old (event ${event.id}), and the whole line goes back over what ${writerName(store)} wrote`,
    because: {
      text: `No dma_sync_*_for_cpu lies between events ${store.event.id} and ${event.id}.`,
      event: event.id,
      origin,
    },
    origin: origin ?? store.origin,
    related: [],
    fix: 'Call dma_sync_*_for_cpu after the device has finished and before the stores.',
  }
}

function underDirtyLine(store: Store, dirty: Store, { buffer, origin }: Reader): Cause {
  const { bracket } = dirty
  const device = writerName(store)
  if (bracket !== undefined && bracket.ended > store.event.id) return overDevice(bracket, store)
  const skipped =
    dirty.by === 'kernel' || bracket?.end !== undefined ? skippedAtMap(dirty, store.dma) : undefined
  if (skipped !== undefined) return skipped
  const stored = `what ${writerName(dirty)} had stored (event ${dirty.event.id})`
  return {
    rule: 'dirty-over-dma',
    reason: `a dirty line with ${stored} lay over them and may be written back at any time`,
    because: {
      text: `Nobody cleaned ${stored} before ${device} wrote.`,
      event: dirty.event.id,
      origin: dirty.origin,
    },
    origin: dirty.origin ?? store.queued?.origin ?? origin ?? buffer.shared?.origin,
    related: [],
  }
}

function handoff(store: Store, reader: Reader): Cause {
  const device = writerName(store)
  const reason = !isSnooped(store)
    ? `${device} wrote memory behind the CPU cache, and ${reader.name} reads through it`
    : reader.by === 'device'
      ? `${device} may have left them in the CPU cache, where ${reader.name} does not look`
      : `${device} may have left them in the CPU cache, and a sync for another device dropped the line`
  return {
    rule: 'unsynced-handoff',
    reason,
    because: { text: `No sync lies between the store of ${device} and this read.` },
    origin: reader.origin ?? mappedAt(reader) ?? store.queued?.origin ?? store.origin,
    related: [],
  }
}

/** Where the program gave the buffer to the device that reads. */
function mappedAt({ buffer, name }: Reader): EventOrigin | undefined {
  return [...buffer.dma.values()].find(({ device }) => device === name)?.origin
}

function readByCpu(reader: Reader, hazard: Hazard, store: Store): Cause {
  const { buffer, event } = reader
  const device = writerName(store)
  const task = event.agent.name
  const bracket = buffer.openFor('read', task) ?? buffer.openFor('read')
  if (bracket !== undefined) {
    return bracket.began > store.event.id
      ? beganInVain(bracket, hazard, store, reader)
      : overDevice(bracket, store)
  }
  const forWriting = buffer.openFor('write')
  if (forWriting !== undefined) {
    return {
      rule: 'bracket-direction',
      reason: 'the CPU access around the read is for writing only',
      because: atStart(forWriting, `${flagsOf(forWriting.start)} invalidates nothing.`),
      origin: forWriting.start.origin ?? reader.origin,
      related: [],
    }
  }
  const { failed } = buffer
  if (failed?.kind === 'bracket-start') {
    return {
      rule: 'sync-result-ignored',
      reason: 'the START before the read had failed',
      because: {
        text: `${flagsOf(failed)} failed with ${failed.result} and was not repeated.`,
        event: failed.id,
        origin: failed.origin,
      },
      origin: failed.origin ?? reader.origin,
      related: [],
    }
  }
  return {
    rule: 'read-outside-bracket',
    reason: 'no CPU access for reading is open',
    because: lastBracketBefore(reader, device, store),
    origin: reader.origin,
    related: [],
  }
}

function lastBracketBefore({ buffer }: Reader, device: string, store: Store): Cause['because'] {
  const last = buffer.lastReadBracket
  if (last?.end === undefined) return { text: `No START | READ came after ${device} had written.` }
  const order = last.began < store.event.id ? 'before' : 'after'
  return {
    text: `The last CPU access for reading ended at event ${last.end.id}; it began ${order} ${device} wrote.`,
    event: last.end.id,
    origin: last.end.origin,
  }
}

/** The device stored after the access had begun. */
function overDevice(bracket: Bracket, store: Store): Cause {
  const device = writerName(store)
  const first = Math.min(store.job?.id ?? store.event.id, store.queued?.id ?? store.event.id)
  if (first < bracket.start.id) {
    return {
      rule: 'early-invalidate',
      reason: `the CPU access began before ${device} had finished`,
      because: atStart(
        bracket,
        `${flagsOf(bracket.start)} came after the device's job had begun (event ${first}) and before it had finished.`,
      ),
      origin: bracket.start.origin,
      related: [{ label: `${device} had the buffer from here`, origin: store.queued?.origin }],
    }
  }
  bracket.blamed = true
  return {
    rule: 'bracket-over-dma',
    reason: `a CPU access stayed open while ${device} wrote`,
    because: atStart(bracket, `No END of ${bracketName(bracket)} came before ${device} wrote.`),
    origin: bracket.start.origin,
    related: [{ label: `${device} got the buffer here`, origin: store.queued?.origin }],
  }
}

/** The program did all that is asked of it. */
function beganInVain(bracket: Bracket, hazard: Hazard, store: Store, reader: Reader): Cause {
  const { buffer } = reader
  const device = writerName(store)
  return (
    directionCause(device, 'writes', store.dma) ??
    hookAtStart(buffer, bracket, device, hazard.range) ??
    skippedAtUnmap(buffer, store) ??
    (store.bounced && bracket.start.synced.includes(device)
      ? bounceCause(store, reader)
      : startedInVain(bracket, store))
  )
}

function startedInVain(bracket: Bracket, store: Store): Cause {
  const device = writerName(store)
  return {
    rule: 'sync-is-noop',
    reason: `the START ${syncedFor(bracket.start)}`,
    because: atStart(
      bracket,
      `${flagsOf(bracket.start)} invalidated nothing that ${device} wrote: its buffer was not mapped for it then.`,
    ),
    origin: bracket.start.origin,
    related: [],
  }
}
