/** CPU accesses that do not cover a store or a read: the program's part. */
import type { AccessEdgeEvent, EventId, EventOrigin } from '../../events/event.ts'
import type { Bracket } from '../model/bracket.ts'
import type { Store } from '../model/store.ts'
import { bracketName, failureText, flagsOf, syncedFor, writerName } from '../words.ts'
import { atStart, type Cause, type Reader } from './cause.ts'
import { fixForLoads, fixForStores } from './flags-fix.ts'

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
        text: `${failureText(failedStart)} and was not repeated.`,
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

export function endedForReading(bracket: Bracket): Cause {
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

export function cutShort(bracket: Bracket): Cause {
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

export function stillOpen(bracket: Bracket, { buffer, name }: Reader): Cause {
  const { failed } = buffer
  if (failed?.kind === 'cpu-access-end') {
    return {
      rule: 'sync-result-ignored',
      reason: 'the END after that store had failed',
      because: {
        text: `${failureText(failed)} and was not repeated.`,
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

export function syncedNobody(bracket: Bracket, { name, origin }: Reader): Cause {
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

/** A CPU access for writing is open around a read. */
export function readInWrite(access: Bracket, reader: Reader): Cause {
  return {
    rule: 'bracket-direction',
    reason: 'the CPU access around the read is for writing only',
    because: atStart(access, `${flagsOf(access.start)} invalidates nothing.`),
    origin: access.start.origin ?? reader.origin,
    related: [],
    fix: fixForLoads(access),
    by: access.start.agent,
  }
}

/** The START before a read failed. */
export function readAfterFailure(failed: AccessEdgeEvent, reader: Reader): Cause {
  return {
    rule: 'sync-result-ignored',
    reason: 'the START before the read had failed',
    because: {
      text: `${failureText(failed)} and was not repeated.`,
      event: failed.id,
      origin: failed.origin,
    },
    origin: failed.origin ?? reader.origin,
    related: [],
  }
}

/** No CPU access for reading is open at a read. */
export function readOutside(reader: Reader, store: Store): Cause {
  return {
    rule: 'read-outside-bracket',
    reason: 'no CPU access for reading is open',
    because: lastBracketBefore(reader, writerName(store), store),
    origin: reader.origin,
    related: [],
    by: reader.event.agent,
  }
}

function lastBracketBefore({ buffer }: Reader, device: string, store: Store): Cause['because'] {
  const last = buffer.lastReadBracket
  if (last?.end === undefined)
    return { text: `No CPU access for reading began after ${device} had written.` }
  const order = last.began < store.event.id ? 'before' : 'after'
  return {
    text: `The last CPU access for reading ended at event ${last.end.id}; it began ${order} ${device} wrote.`,
    event: last.end.id,
    origin: last.end.origin,
  }
}
