/** The mistake behind a read that may miss a store by the CPU. */
import type { EventId, EventOrigin, Hazard } from '../../events/event.ts'
import { type Bracket, writes } from '../model/bracket.ts'
import type { History } from '../model/history.ts'
import type { Store } from '../model/store.ts'
import { bracketName, flagsOf, syncedFor } from '../words.ts'
import { attributeCause, bracketOnReader, uncoveredStore } from './alias-cause.ts'
import { bounceCause } from './bounce-cause.ts'
import { atStart, type Cause, isCached, type Reader } from './cause.ts'
import { directionCause, droppedForDevice, skippedAtMap } from './dma-cause.ts'
import { fixForStores } from './flags-fix.ts'
import { droppedAtEnd, hookAtEnd } from './hook-cause.ts'
import { isExporters } from './own-memory-cause.ts'
import { neighbourDropped } from './shared-line-cause.ts'

export function causeInCpuStore(
  history: History,
  hazard: Hazard,
  store: Store,
  reader: Reader,
): Cause {
  if (endOfView(store) !== undefined) return unbracketedStore(store)
  // Attributes do not matter for a bounce copy: the missing sync is the cause.
  if (!reader.bounced && !(isCached(store.attribute) && isCached(reader.attribute))) {
    return attributeCause(store, reader)
  }
  const shared = hazard.kind === 'lost' ? neighbourDropped(history, hazard, store) : undefined
  if (shared !== undefined) return shared
  if (store.event.buffer === reader.buffer.id)
    return inBracket(hazard, store, reader, store.bracket)
  const buffer = history.buffer(store.event.buffer)
  if (isExporters(reader.buffer, buffer)) {
    return inBracket(hazard, store, { ...reader, buffer }, store.bracket)
  }
  const bracket = bracketOnReader(store, reader)
  return bracket === undefined
    ? uncoveredStore(history, store, reader)
    : inBracket(hazard, store, reader, bracket)
}

function inBracket(
  hazard: Hazard,
  store: Store,
  reader: Reader,
  bracket: Bracket | undefined,
): Cause {
  if (bracket === undefined) return unbracketedStore(store)
  if (!writes(bracket.access)) return storeUnderRead(store, bracket)
  const { interrupted, blamed } = bracket
  if (interrupted !== undefined && hazard.kind === 'lost' && !blamed) return cutShort(bracket)
  if (bracket.end === undefined) return stillOpen(bracket, reader)
  if (!writes(bracket.end.access)) return endedForReading(bracket)
  return endedInVain(hazard, store, bracket, reader)
}

/** The program did all that is asked of it. */
function endedInVain(hazard: Hazard, store: Store, bracket: Bracket, reader: Reader): Cause {
  const dropped =
    hazard.kind === 'lost'
      ? (droppedAtEnd(reader.buffer, bracket, hazard.range) ??
        droppedForDevice(reader.buffer, store, hazard.range))
      : undefined
  if (dropped !== undefined) return dropped
  if (reader.by !== 'device') return syncedNobody(bracket, reader)
  return (
    directionCause(reader.name, 'reads', reader.dma) ??
    skippedAfter(store, bracket, reader) ??
    hookAtEnd(reader.buffer, bracket, { device: reader.name, dma: reader.dma }, hazard.range) ??
    (reader.bounced ? bounceCause(store, reader) : syncedNobody(bracket, reader))
  )
}

function skippedAfter(store: Store, { end }: Bracket, { dma }: Reader): Cause | undefined {
  if (dma === undefined || end === undefined || dma.id < end.id) return undefined
  return skippedAtMap(store, dma)
}

/** The event that ended the array's CPU access or mapping, if it came before the store. */
export function endOfView({ event }: Store): EventId | undefined {
  return 'viewEnded' in event ? event.viewEnded : undefined
}

export function unbracketedStore(store: Store): Cause {
  const { failedStart } = store
  const ended = endOfView(store)
  if (ended !== undefined) {
    return {
      rule: 'use-after-release',
      reason: `the array of the store had ended at event ${ended}`,
      because: { text: `At event ${ended} the array's CPU access or mapping ended.`, event: ended },
      origin: store.origin,
      related: [],
    }
  }
  if (failedStart !== undefined) {
    return {
      rule: 'sync-result-ignored',
      reason: 'the START before that store had failed',
      because: {
        text: `${flagsOf(failedStart)} failed with ${failedStart.result} and was not repeated.`,
        event: failedStart.id,
        origin: failedStart.origin,
      },
      origin: failedStart.origin ?? store.origin,
      related: [],
    }
  }
  return {
    rule: 'write-outside-bracket',
    reason: 'the store lies outside any CPU access',
    because: { text: 'No CPU access for writing was open when the store happened.' },
    origin: store.origin,
    related: [],
    by: store.event.agent,
  }
}

export function storeUnderRead(store: Store, bracket: Bracket): Cause {
  return {
    rule: 'bracket-direction',
    reason: 'the CPU access around that store was for reading only',
    because: atStart(bracket, `${flagsOf(bracket.start)} does not cover the store.`),
    origin: bracket.start.origin ?? store.origin,
    related: [],
    fix: fixForStores(bracket),
    by: bracket.start.agent,
  }
}

function endedForReading(bracket: Bracket): Cause {
  const end = bracket.end as NonNullable<Bracket['end']>
  return {
    rule: 'bracket-direction',
    reason: 'the END after that store lacked WRITE',
    because: {
      text: `${flagsOf(end)} ended ${bracketName(bracket)}, and cleaned nothing.`,
      event: end.id,
      origin: end.origin,
    },
    origin: end.origin ?? bracket.start.origin,
    related: [{ label: 'the CPU access began here', origin: bracket.start.origin }],
    by: end.agent,
  }
}

function cutShort(bracket: Bracket): Cause {
  const second = bracket.interrupted as NonNullable<Bracket['interrupted']>
  return {
    rule: 'unbalanced-bracket',
    reason: 'a second START for reading dropped the stores of the open access',
    because: {
      text: `${flagsOf(second)} came before the END of ${bracketName(bracket)}.`,
      event: second.id,
      origin: second.origin,
    },
    origin: second.origin ?? bracket.start.origin,
    related: [{ label: 'the first CPU access began here', origin: bracket.start.origin }],
    by: second.agent,
  }
}

function stillOpen(bracket: Bracket, { buffer, name }: Reader): Cause {
  const { failed } = buffer
  if (failed?.kind === 'cpu-access-end') {
    return {
      rule: 'sync-result-ignored',
      reason: 'the END after that store had failed',
      because: {
        text: `${flagsOf(failed)} failed with ${failed.result} and was not repeated.`,
        event: failed.id,
        origin: failed.origin,
      },
      origin: failed.origin ?? bracket.start.origin,
      related: [{ label: 'the CPU access began here', origin: bracket.start.origin }],
    }
  }
  bracket.blamed = true
  return {
    rule: 'bracket-over-dma',
    reason: 'the CPU access that stored them is still open',
    because: atStart(bracket, `No END of ${bracketName(bracket)} came before ${name} read.`),
    origin: bracket.start.origin,
    related: [],
    by: bracket.start.agent,
  }
}

function syncedNobody(bracket: Bracket, { name, origin }: Reader): Cause {
  const end = bracket.end as NonNullable<Bracket['end']>
  const at: EventOrigin | undefined = end.origin ?? bracket.start.origin ?? origin
  return {
    rule: 'sync-is-noop',
    reason: `the END after that store ${syncedFor(end)}`,
    because: {
      text: `${flagsOf(end)} cleaned nothing for ${name}.`,
      event: end.id,
      origin: end.origin,
    },
    origin: at,
    related: [{ label: 'the CPU access began here', origin: bracket.start.origin }],
  }
}
