/** Bytes that are known as more than one thing: two buffers, or mappings of two kinds. */
import { type Bracket, reads, writes } from '../model/bracket.ts'
import type { BufferHistory } from '../model/buffer-history.ts'
import type { History } from '../model/history.ts'
import type { Store } from '../model/store.ts'
import type { Cause, Reader } from './cause.ts'

/** Stored through one kind of CPU mapping, read through another. */
export function attributeCause(store: Store, reader: Reader): Cause {
  const stored = store.attribute ?? 'cached'
  const read = reader.by === 'device' ? undefined : (reader.attribute ?? 'cached')
  const how = read === undefined ? reader.name : `a ${read} mapping`
  return {
    rule: 'attribute-alias',
    reason: `they were stored through a ${stored} mapping and are read through ${how}`,
    because: { text: 'No clean and no invalidate lies between the two kinds of mapping.' },
    origin: reader.by === 'device' ? (store.origin ?? reader.origin) : reader.origin,
    related: [],
  }
}

/** The CPU access of the reader's own buffer that a store through other memory fell into. */
export function bracketOnReader(store: Store, { buffer }: Reader): Bracket | undefined {
  const { event } = store
  const since = 'since' in event && event.since !== undefined ? event.since : event.id - 1
  const bracket = buffer.bracketAround(since, event.id)
  return bracket !== undefined && writes(bracket.access) ? bracket : undefined
}

/** Stored by the CPU through memory that no CPU access of the reader's buffer governs. */
export function uncoveredStore(
  history: History,
  store: Store,
  { buffer }: Reader,
  what: string = 'they were stored',
): Cause {
  const through = history.buffer(store.event.buffer)
  const { bracket } = store
  return {
    rule: 'uncovered-mapping',
    reason: `${what} through ${through.name}, which no CPU access of ${buffer.name} covers`,
    because: lastAccess(buffer, 'for writing', buffer.lastWriteBracket),
    origin: store.origin ?? bracket?.start.origin,
    related: [],
  }
}

/**
 * Read by the CPU through memory that no CPU access of the device's buffer governs. Undefined where one
 * for reading is open all the same.
 */
export function uncoveredLoad(history: History, store: Store, reader: Reader): Cause | undefined {
  const written = history.buffer(store.event.buffer)
  if (written.open.some(({ access }) => reads(access))) return undefined
  return {
    rule: 'uncovered-mapping',
    reason: `they are read through ${reader.buffer.name}, which no CPU access of ${written.name} governs`,
    because: lastAccess(written, 'for reading', written.lastReadBracket),
    origin: reader.origin,
    related: [],
  }
}

function lastAccess(
  buffer: BufferHistory,
  how: string,
  bracket: Bracket | undefined,
): Cause['because'] {
  return bracket === undefined
    ? { text: `No CPU access ${how} of ${buffer.name} was open.` }
    : {
        text: `The last CPU access ${how} of ${buffer.name} began at event ${bracket.start.id} and did not cover it.`,
        event: bracket.start.id,
        origin: bracket.start.origin,
      }
}
