/** Why a read may miss what the CPU stored last. */
import type { EventOrigin, Hazard } from '../../events/event.ts'
import { type Bracket, type Store, writes } from '../buffer-history.ts'
import { bracketName, flagsOf, syncedFor } from '../words.ts'
import { type Cause, isCached, type Reader } from './cause.ts'

export function causeInCpuStore(hazard: Hazard, store: Store, reader: Reader): Cause {
  if (!isCached(store.attribute) || !isCached(reader.attribute)) {
    return aliasCause(store, reader)
  }
  const { bracket } = store
  if (bracket === undefined) return unbracketedStore(store)
  if (!writes(bracket.access)) return storeUnderRead(store, bracket)
  const { interrupted, blamed } = bracket
  if (interrupted !== undefined && hazard.kind === 'lost' && !blamed) return cutShort(bracket)
  if (bracket.end === undefined) return stillOpen(bracket, reader)
  if (!writes(bracket.end.access)) return endedForReading(bracket)
  return syncedNobody(bracket, reader)
}

/** The exporter's zeros, or another store of the kernel's, which no bracket of the program's covers. */
export function causeInKernelStore(hazard: Hazard, store: Store, reader: Reader): Cause {
  if (!isCached(reader.attribute)) return aliasCause(store, reader)
  const skipping = [...reader.buffer.dma.values()].find(({ skipCpuSync }) => skipCpuSync)
  const { origin, buffer } = reader
  if (hazard.kind !== 'lost') {
    return {
      rule: 'sync-is-noop',
      reason: 'they are still dirty in the CPU cache, where it does not look',
      because: {
        text:
          skipping === undefined
            ? 'No map, and no END for writing, has cleaned the buffer since.'
            : `The mapping for ${skipping.device} skipped the CPU sync.`,
        event: skipping?.id,
        origin: skipping?.origin,
      },
      origin: origin ?? skipping?.origin ?? buffer.shared?.origin,
      related: [],
    }
  }
  return {
    rule: 'dirty-over-dma',
    reason: 'the dirty lines were dropped before they were cleaned',
    because: { text: 'Nobody cleaned the fresh buffer before a device took it over.' },
    origin: origin ?? buffer.shared?.origin,
    related: [],
    fix: 'Read only what somebody has stored, or fill the buffer inside a CPU access for writing first.',
  }
}

export function aliasCause(store: Store, reader: Reader): Cause {
  const stored = store.attribute ?? 'cached'
  const read = reader.by === 'cpu' ? (reader.attribute ?? 'cached') : undefined
  const how = read === undefined ? reader.name : `a ${read} mapping`
  return {
    rule: 'attribute-alias',
    reason: `they were stored through a ${stored} mapping and are read through ${how}`,
    because: { text: 'No clean and no invalidate lies between the two kinds of mapping.' },
    origin: reader.by === 'cpu' ? reader.origin : (store.origin ?? reader.origin),
    related: [],
  }
}

export function unbracketedStore(store: Store): Cause {
  const { failedStart } = store
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
  }
}

export function storeUnderRead(store: Store, bracket: Bracket): Cause {
  return {
    rule: 'bracket-direction',
    reason: 'the CPU access around that store was for reading only',
    because: atStart(bracket, `${flagsOf(bracket.start)} did not announce the store.`),
    origin: bracket.start.origin ?? store.origin,
    related: [],
  }
}

function endedForReading(bracket: Bracket): Cause {
  const end = bracket.end as NonNullable<Bracket['end']>
  return {
    rule: 'bracket-direction',
    reason: 'the END after that store did not say WRITE',
    because: {
      text: `${flagsOf(end)} ended ${bracketName(bracket)}, and cleaned nothing.`,
      event: end.id,
      origin: end.origin,
    },
    origin: end.origin ?? bracket.start.origin,
    related: [{ label: 'the CPU access began here', origin: bracket.start.origin }],
  }
}

function cutShort(bracket: Bracket): Cause {
  const second = bracket.interrupted as NonNullable<Bracket['interrupted']>
  return {
    rule: 'unbalanced-bracket',
    reason: 'a second START for reading dropped the stores of the access that was still open',
    because: {
      text: `${flagsOf(second)} came before the END of ${bracketName(bracket)}.`,
      event: second.id,
      origin: second.origin,
    },
    origin: second.origin ?? bracket.start.origin,
    related: [{ label: 'the first CPU access began here', origin: bracket.start.origin }],
  }
}

function stillOpen(bracket: Bracket, { buffer, name }: Reader): Cause {
  const { failed } = buffer
  if (failed?.kind === 'bracket-end') {
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
  }
}

function syncedNobody(bracket: Bracket, { buffer, name, origin }: Reader): Cause {
  const end = bracket.end as NonNullable<Bracket['end']>
  const skipping = [...buffer.dma.values()].find(({ skipCpuSync }) => skipCpuSync)
  const at: EventOrigin | undefined = end.origin ?? bracket.start.origin ?? origin
  return {
    rule: 'sync-is-noop',
    reason: `the END after that store ${syncedFor(end)}`,
    because: {
      text:
        skipping === undefined
          ? `${flagsOf(end)} cleaned nothing that ${name} reads.`
          : `The mapping for ${skipping.device} skipped the CPU sync.`,
      event: skipping?.id ?? end.id,
      origin: skipping?.origin ?? end.origin,
    },
    origin: at,
    related: [{ label: 'the CPU access began here', origin: bracket.start.origin }],
  }
}

export function atStart({ start }: Bracket, text: string): Cause['because'] {
  return { text, event: start.id, origin: start.origin }
}
