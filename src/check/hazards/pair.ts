import type { DeviceAccessEvent, Hazard } from '../../events/event.ts'
import type { Bracket } from '../model/bracket.ts'
import type { BufferHistory } from '../model/buffer-history.ts'
import type { History } from '../model/history.ts'
import type { Store } from '../model/store.ts'
import { bracketOnReader } from './alias-cause.ts'
import { isCached, type Reader } from './cause.ts'
import { isExporters } from './own-memory-cause.ts'

/** The two parties of a hazard: the last store of the bytes, and a read that may miss it. */
export interface Pair {
  readonly history: History
  readonly hazard: Hazard
  readonly store: Store
  readonly reader: Reader
}

/** No copy may hold the last store any more. */
export function isLost({ hazard }: Pair): boolean {
  return hazard.kind === 'lost'
}

/** Two devices, of which one has a bounce copy. */
export function isBetweenCopies({ store, reader }: Pair): boolean {
  return reader.by === 'device' && (store.bounced || reader.bounced)
}

/** Whether the device that stored snoops. */
export function isSnooped({ event }: Store): boolean {
  return (event as DeviceAccessEvent).snooped
}

/** Whether both go through the cache. A bounce copy has no attribute: a missing sync is the cause there. */
export function isThroughCache({ store, reader }: Pair): boolean {
  return reader.bounced || (isCached(store.attribute) && isCached(reader.attribute))
}

/** The buffer whose memory the store went to. */
export function memoryOf({ history, store }: Pair): BufferHistory {
  return history.buffer(store.event.buffer)
}

/** Whether the bytes were stored through a buffer that the reader's has nothing to do with. */
export function isOtherBuffer(pair: Pair): boolean {
  const memory = memoryOf(pair)
  return memory !== pair.reader.buffer && !isExporters(memory, pair.reader.buffer)
}

/** The CPU access that a CPU's store has to lie in, and the reader as its buffer sees it. */
export interface Governed {
  readonly access: Bracket | undefined
  readonly reader: Reader
  /** It lies in memory that no access of the reader's buffer covers. */
  readonly uncovered: boolean
}

export function governed(pair: Pair): Governed {
  const { store, reader } = pair
  const memory = memoryOf(pair)
  if (memory === reader.buffer) return { access: store.bracket, reader, uncovered: false }
  if (isExporters(reader.buffer, memory)) {
    return { access: store.bracket, reader: { ...reader, buffer: memory }, uncovered: false }
  }
  const access = bracketOnReader(store, reader)
  return { access, reader, uncovered: access === undefined }
}
