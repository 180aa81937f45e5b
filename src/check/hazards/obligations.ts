/**
 * The duties between the last store of bytes and a read that may miss it, in the order in which they are
 * examined: the first breach is the mistake. docs/model.md explains the order.
 */

import { type Bracket, writes } from '../model/bracket.ts'
import { overlaps } from '../model/range-map.ts'
import type { Store } from '../model/store.ts'
import { writerName } from '../words.ts'
import { attributeCause, uncoveredLoad, uncoveredStore } from './alias-cause.ts'
import { beganInVain, overDevice } from './begin-cause.ts'
import { bounceCause, copiedOver } from './bounce-cause.ts'
import { type Cause, isCached } from './cause.ts'
import {
  cutShort,
  endedForReading,
  endOfView,
  readAfterFailure,
  readInWrite,
  readOutside,
  stillOpen,
  storeUnderRead,
  syncedNobody,
  unbracketedStore,
} from './cpu-access-cause.ts'
import {
  directionCause,
  droppedForDevice,
  lostAtUnmap,
  neverUnmapped,
  skippedAtBounce,
  skippedAtMap,
  syncedOtherwise,
} from './dma-cause.ts'
import { droppedSince, unsyncedLoad, unsyncedStore } from './driver-cause.ts'
import {
  bounceSkipped,
  exporterMissed,
  mappedBefore,
  touchedWhileMapped,
  touchOf,
} from './fault-cause.ts'
import { droppedFromCache, handoff } from './handoff-cause.ts'
import { droppedAtEnd, hookAtEnd, hookAtStart } from './hook-cause.ts'
import { zerosDropped, zerosInCache } from './initial-content-cause.ts'
import { overwritten } from './overwritten-cause.ts'
import { readThroughCache } from './own-memory-cause.ts'
import {
  governed,
  isBetweenCopies,
  isLost,
  isOtherBuffer,
  isSnooped,
  isThroughCache,
  memoryOf,
  type Pair,
} from './pair.ts'
import { strayLoad, strayStore } from './reach-cause.ts'
import { neighbourDropped } from './shared-line-cause.ts'

/** One duty of the agents between a store and a read. */
export interface Obligation {
  /** In a sentence. */
  readonly duty: string
  /** The pairs that it is about; all of its list if left out. */
  readonly of?: (pair: Pair) => boolean
  readonly breach: (pair: Pair) => Cause | undefined
}

const REACH: readonly Obligation[] = [
  {
    duty: 'A device stays inside its live mappings.',
    breach: ({ history, store, reader }) =>
      strayStore(history, store) ?? strayLoad(history, reader),
  },
]

/** Of the CPU's stores: the memory that they go to. */
const CPU_MEMORY: readonly Obligation[] = [
  {
    duty: 'Bytes are stored and read through mappings of one kind.',
    breach: (pair) => (isThroughCache(pair) ? undefined : attributeCause(pair.store, pair.reader)),
  },
  {
    duty: 'A cache line is not invalidated for a neighbour of the bytes.',
    of: isLost,
    breach: ({ history, hazard, store }) => neighbourDropped(history, hazard, store),
  },
]

/** A program stored through pages that faults keep coherent: no CPU access is owed. */
const FAULTED_STORES: readonly Obligation[] = [
  {
    duty: 'A device maps the buffer after a store through faulted pages.',
    of: ({ store }) => store.faulted,
    breach: mappedBefore,
  },
  {
    duty: 'An exporter with faults does not skip the sync of a bounce buffer that it fills.',
    of: ({ store, reader }) => store.faulted && reader.bounced,
    breach: (pair) => bounceSkipped(pair, pair.reader.name),
  },
  {
    duty: 'An exporter with faults writes touched lines back when a device maps.',
    of: ({ store }) => store.faulted,
    breach: (pair) => exporterMissed(pair, 'left stored lines in the cache'),
  },
]

/** A device stored, and the CPU reads through faulted pages, or has stored through them. */
const FAULTED_READS: readonly Obligation[] = [
  {
    duty: 'An exporter with faults does not skip the sync of a bounce buffer that a device wrote.',
    of: (pair) => isReadByFault(pair) && pair.store.bounced,
    breach: (pair) => bounceSkipped(pair, writerName(pair.store)),
  },
  {
    duty: 'A page is touched only while no device has the buffer mapped.',
    of: isReadByFault,
    breach: (pair) => touchedWhileMapped(pair, pair.store, touchOf(pair)),
  },
  {
    duty: 'A page that was touched before is not written over the stores of a device.',
    of: isLost,
    breach: (pair) => {
      const later = dirtyThroughFault(pair)
      if (later === undefined) return undefined
      const { event } = later
      const fault = memoryOf(pair).faults.latest(pair.hazard.range)
      return touchedWhileMapped(pair, pair.store, { fault, agent: event.agent })
    },
  },
  {
    duty: 'An exporter with faults invalidates a page before it is touched.',
    of: isReadByFault,
    breach: (pair) => exporterMissed(pair, 'left stale lines in the cache'),
  },
]

/** A program stored, or a driver inside its own CPU access. */
const CPU_STORES: readonly Obligation[] = [
  {
    duty: 'An array is stored through only while its CPU access or mapping lives.',
    breach: ({ store }) => (endOfView(store) === undefined ? undefined : unbracketedStore(store)),
  },
  ...CPU_MEMORY,
  {
    duty: "A CPU access of the reader's buffer covers the memory of the store.",
    breach: (pair) => {
      const { uncovered } = governed(pair)
      return uncovered ? uncoveredStore(pair.history, pair.store, pair.reader) : undefined
    },
  },
  {
    duty: 'A store lies in a CPU access.',
    breach: (pair) =>
      governed(pair).access === undefined ? unbracketedStore(pair.store) : undefined,
  },
  inAccess('The access is for writing.', (access, { store }) =>
    writes(access.access) ? undefined : storeUnderRead(store, access),
  ),
  inAccess('No START for reading comes inside it.', (access, pair) =>
    access.interrupted !== undefined && isLost(pair) && !access.blamed
      ? cutShort(access)
      : undefined,
  ),
  inAccess('It ends before the read.', (access, pair) =>
    access.end === undefined ? stillOpen(access, governed(pair).reader) : undefined,
  ),
  inAccess('Its END is for writing.', (access) =>
    access.end !== undefined && !writes(access.end.access) ? endedForReading(access) : undefined,
  ),
  inAccess('Its END drops no stores.', (access, pair) =>
    isLost(pair)
      ? droppedAtEnd(governed(pair).reader.buffer, access, pair.hazard.range)
      : undefined,
  ),
  inAccess(
    'Memory with stores of the CPU is not mapped for a device that overwrites all of it.',
    (_, pair) =>
      isLost(pair)
        ? droppedForDevice(governed(pair).reader.buffer, pair.store, pair.hazard.range)
        : undefined,
  ),
  ofDevice('A device reads through a mapping for reading.', ({ reader }) =>
    directionCause(reader.name, 'reads', reader.dma),
  ),
  ofDevice('A map after the access cleans.', (pair) => {
    const { access } = governed(pair)
    const { dma } = pair.reader
    const isLater = dma !== undefined && access?.end !== undefined && dma.id >= access.end.id
    return isLater ? skippedAtMap(pair.store, dma) : undefined
  }),
  ofDevice("END syncs the reader's mapping, in its direction.", (pair) => {
    const { access, reader } = governed(pair)
    const user = { device: reader.name, dma: reader.dma }
    return access && hookAtEnd(reader.buffer, access, user, pair.hazard.range)
  }),
  ofDevice('A sync copies the bytes to the bounce buffer.', ({ store, reader }) =>
    reader.bounced ? bounceCause(store, reader) : undefined,
  ),
  inAccess('END cleans for the reader.', (access, pair) =>
    syncedNobody(access, governed(pair).reader),
  ),
]

/** The kernel stored: a driver through vmap or to its own memory, or an exporter's zeros. */
const KERNEL_STORES: readonly Obligation[] = [
  ...CPU_MEMORY,
  ofDevice('A device reads through a mapping for reading.', ({ reader }) =>
    directionCause(reader.name, 'reads', reader.dma),
  ),
  {
    duty: 'A map after the stores cleans.',
    of: (pair) => pair.reader.by === 'device' || !isDrivers(pair),
    breach: ({ store, reader }) => skippedAtMap(store, reader.dma),
  },
  {
    duty: "A driver's sync for the device moves data that way.",
    of: (pair) => isDrivers(pair) && pair.reader.by === 'device',
    breach: ({ store, reader: { buffer, dma } }) => {
      const id = store.event.id
      return syncedOtherwise({ id, syncs: buffer.syncsAfter(id, dma?.mapping) }, 'device')
    },
  },
  {
    duty: 'A map after the stores keeps them.',
    of: (pair) => isDrivers(pair) && isLost(pair),
    breach: ({ hazard, store, reader }) => droppedSince(hazard, store, reader),
  },
  {
    duty: 'A sync copies the bytes to the bounce buffer.',
    of: ({ reader }) => reader.bounced,
    breach: ({ store, reader }) => bounceCause(store, reader),
  },
  {
    duty: 'A driver syncs its stores for the device.',
    of: isDrivers,
    breach: ({ hazard, store, reader }) => unsyncedStore(hazard, store, reader),
  },
  {
    duty: 'A new buffer is cleaned before a device uses it.',
    breach: (pair) => (isLost(pair) ? zerosDropped(pair.reader) : zerosInCache(pair.reader)),
  },
]

/** A device stored. */
const DEVICE_STORES: readonly Obligation[] = [
  {
    duty: "No stale copy replaces the device's bytes.",
    of: isBetweenCopies,
    breach: ({ history, hazard, store, reader }) =>
      copiedOver(history, hazard.range, store, reader),
  },
  {
    duty: 'A START between two devices copies the bytes back.',
    of: isBetweenCopies,
    breach: inVainBetween,
  },
  {
    duty: 'A sync copies the bytes from one device to the other.',
    of: isBetweenCopies,
    breach: ({ store, reader }) => bounceCause(store, reader),
  },
  {
    duty: "No other store replaces the device's bytes.",
    of: isLost,
    breach: ({ history, hazard, store, reader }) => overwritten(history, hazard, store, reader),
  },
  {
    duty: 'Bytes are stored and read through mappings of one kind.',
    of: ({ store }) => !store.bounced,
    breach: ({ store, reader }) =>
      isCached(reader.attribute) ? undefined : attributeCause(store, reader),
  },
  {
    duty: 'Lines that a snooping device left in the cache are not dropped for another device.',
    of: (pair) => isPastTheCache(pair) && isLost(pair) && isSnooped(pair.store),
    breach: ({ history, hazard, store }) => droppedFromCache(history, hazard, store),
  },
  {
    duty: 'A sync lies between a device that snoops and one that does not.',
    of: isPastTheCache,
    breach: ({ store, reader }) => handoff(store, reader),
  },
  {
    duty: 'Memory that a driver uses past the cache is read past the cache.',
    breach: (pair) => {
      const memory = memoryOf(pair)
      if (isCached(memory.attribute)) return undefined
      return readThroughCache(memory, pair.store, pair.reader)
    },
  },
  ofDriver('A device writes through a mapping for writing.', ({ store }) =>
    directionCause(writerName(store), 'writes', store.dma),
  ),
  ofDriver("A driver's sync for the CPU moves data that way.", (pair) => {
    const { event, dma } = pair.store
    const syncs = memoryOf(pair).syncsAfter(event.id, dma?.mapping)
    return syncedOtherwise({ id: event.id, syncs }, 'cpu')
  }),
  ofDriver('A mapping is unmapped before its device is detached.', (pair) =>
    neverUnmapped(memoryOf(pair), pair.store),
  ),
  ofDriver('An unmap brings the bytes back.', (pair) => lostAtUnmap(memoryOf(pair), pair.store)),
  ofDriver('A map with a bounce buffer cleans it.', ({ store }) => skippedAtBounce(store)),
  ofDriver('A sync copies the bytes back.', ({ store, reader }) =>
    store.bounced ? bounceCause(store, reader) : undefined,
  ),
  ofDriver('A driver syncs for the CPU before it loads.', ({ store, reader }) =>
    unsyncedLoad(store, reader),
  ),
  {
    duty: "A CPU access of the device's buffer covers the memory of the read.",
    of: isOtherBuffer,
    breach: ({ history, store, reader }) => uncoveredLoad(history, store, reader),
  },
  {
    duty: 'A CPU access for reading begins after the device has finished.',
    breach: (pair) => {
      const access = accessOfRead(pair)
      if (access === undefined || access.began > pair.store.event.id) return undefined
      return overDevice(access, pair.store)
    },
  },
  {
    duty: 'Its START brings the bytes to the CPU.',
    breach: (pair) => {
      const access = accessOfRead(pair)
      return access && beganInVain(access, pair.hazard, pair.store, readerOf(pair))
    },
  },
  {
    duty: 'A read lies in an access for reading.',
    breach: (pair) => {
      const access = readerOf(pair).buffer.openFor('write')
      return access && readInWrite(access, pair.reader)
    },
  },
  {
    duty: 'A START that failed is repeated.',
    breach: (pair) => {
      const { failed } = readerOf(pair).buffer
      return failed?.kind === 'cpu-access-begin' ? readAfterFailure(failed, pair.reader) : undefined
    },
  },
  {
    duty: 'A read lies in a CPU access.',
    breach: (pair) => readOutside(readerOf(pair), pair.store),
  },
]

/** By the agent of the store; the last duty of each list is breached by every pair that comes to it. */
export const obligations: Readonly<Record<Store['by'], readonly Obligation[]>> = {
  task: [...REACH, ...FAULTED_STORES, ...CPU_STORES],
  kernel: [...REACH, ...KERNEL_STORES],
  device: [...REACH, ...FAULTED_READS, ...DEVICE_STORES],
}

/** The first duty that was neglected. */
export function causeOf(pair: Pair): Cause {
  for (const { of, breach } of obligations[pair.store.by]) {
    const cause = of?.(pair) === false ? undefined : breach(pair)
    if (cause !== undefined) return cause
  }
  throw new Error('the last obligation of each list is breached by every pair')
}

/** A duty about the CPU access of the store. */
function inAccess(
  duty: string,
  breach: (access: Bracket, pair: Pair) => Cause | undefined,
): Obligation {
  return {
    duty,
    breach: (pair) => {
      const { access } = governed(pair)
      return access && breach(access, pair)
    },
  }
}

function ofDevice(duty: string, breach: Obligation['breach']): Obligation {
  return { duty, of: ({ reader }) => reader.by === 'device', breach }
}

/** A duty towards a driver that reads. */
function ofDriver(duty: string, breach: Obligation['breach']): Obligation {
  return { duty, of: ({ reader }) => reader.by === 'kernel', breach }
}

/** Through a mapping (vmap), or to its own memory, a driver stored; else it is an exporter's zeroing. */
function isDrivers({ store }: Pair): boolean {
  const { mapping, buffer } = store.event
  return mapping !== undefined || buffer < 0
}

/** One of the two goes through the cache, and the other does not. */
function isPastTheCache({ store, reader }: Pair): boolean {
  return !store.bounced && (reader.by === 'device' || isSnooped(store))
}

function isReadByFault({ history, reader: { event } }: Pair): boolean {
  return !('device' in event) && history.isFaulted(event)
}

/** A store through faulted pages that made a line dirty where the device stored. */
function dirtyThroughFault(pair: Pair): Store | undefined {
  const { history, hazard, store } = pair
  if (store.overDirty?.faulted === true) return store.overDirty
  return memoryOf(pair).cpuStoreAfter(
    store.event.id,
    (one) =>
      one.faulted && overlaps(history.lines(one.event.buffer, one.event.range), hazard.range),
  )
}

/** A START lies between the two devices, and did not bring the bytes back from the bounce copy. */
function inVainBetween({ store, hazard, reader: { buffer } }: Pair): Cause | undefined {
  const access = buffer.lastReadBracket
  if (!store.bounced || store.event.buffer !== buffer.id) return undefined
  if (access === undefined || access.began < store.event.id) return undefined
  const user = { device: writerName(store), dma: store.dma }
  return hookAtStart(buffer, access, user, hazard.range) ?? skippedAtBounce(store)
}

/** The reader, as the buffer that the device wrote sees it. */
function readerOf(pair: Pair): Pair['reader'] {
  return isOtherBuffer(pair) ? { ...pair.reader, buffer: memoryOf(pair) } : pair.reader
}

/** The CPU access for reading that is open at the read: its own task's, else another's. */
function accessOfRead(pair: Pair): Bracket | undefined {
  const { buffer, event } = readerOf(pair)
  return buffer.openFor('read', event.task) ?? buffer.openFor('read')
}
