/** The mistake behind a read that may miss a store by a device. */
import type { DeviceAccessEvent, EventOrigin, Hazard } from '../../events/event.ts'
import type { History } from '../model/history.ts'
import { overlaps } from '../model/range-map.ts'
import type { Store } from '../model/store.ts'
import { flagsOf, writerName } from '../words.ts'
import { attributeCause, uncoveredLoad } from './alias-cause.ts'
import { beganInVain, overDevice } from './begin-cause.ts'
import { bounceCause, copiedOver } from './bounce-cause.ts'
import { atStart, type Cause, isCached, type Reader } from './cause.ts'
import { skippedAtBounce } from './dma-cause.ts'
import { causeInDriverLoad } from './driver-cause.ts'
import { fixForLoads } from './flags-fix.ts'
import { hookAtStart } from './hook-cause.ts'
import { overwritten } from './overwritten-cause.ts'
import { isExporters, readThroughCache } from './own-memory-cause.ts'

export function causeInDeviceStore(
  history: History,
  hazard: Hazard,
  store: Store,
  reader: Reader,
): Cause {
  const { by } = reader
  if (by === 'device' && (store.bounced || reader.bounced)) {
    return (
      copiedOver(history, hazard.range, store, reader) ??
      inVainBefore(hazard, store, reader) ??
      bounceCause(store, reader)
    )
  }
  const harm = hazard.kind === 'lost' ? overwritten(history, hazard, store, reader) : undefined
  if (harm !== undefined) return harm
  if (!store.bounced) {
    if (!isCached(reader.attribute)) return attributeCause(store, reader)
    if (by === 'device' || isSnooped(store)) {
      const dropped = hazard.kind === 'lost' && isSnooped(store)
      return (dropped && droppedFromCache(history, hazard, store)) || handoff(store, reader)
    }
  }
  const memory = history.buffer(store.event.buffer)
  if (!isCached(memory.attribute)) return readThroughCache(memory, store, reader)
  if (by === 'kernel') return causeInDriverLoad(history, store, reader)
  const other = memory !== reader.buffer && !isExporters(memory, reader.buffer)
  const uncovered = other ? uncoveredLoad(history, store, reader) : undefined
  if (uncovered !== undefined) return uncovered
  return readByCpu(other ? { ...reader, buffer: memory } : reader, hazard, store)
}

/** A START lies between the two devices, and did not bring the bytes back from the bounce copy. */
function inVainBefore(hazard: Hazard, store: Store, { buffer }: Reader): Cause | undefined {
  const bracket = buffer.lastReadBracket
  if (!store.bounced || store.event.buffer !== buffer.id) return undefined
  if (bracket === undefined || bracket.began < store.event.id) return undefined
  return (
    hookAtStart(buffer, bracket, { device: writerName(store), dma: store.dma }, hazard.range) ??
    skippedAtBounce(store)
  )
}

function isSnooped({ event }: Store): boolean {
  return (event as DeviceAccessEvent).snooped
}

/**
 * Lines that a snooping device left in the cache were dropped for another device's mapping: on
 * arm64, arch_sync_dma_for_cpu invalidates (dcache_inval_poc in arch/arm64/mm/cache.S of Linux
 * 6.12), and `dc ivac` discards dirty lines of any origin.
 */
function droppedFromCache(history: History, { range }: Hazard, store: Store): Cause | undefined {
  const buffer = history.buffer(store.event.buffer)
  const by = buffer.maintenanceAfter(
    store.event.id,
    ({ op, range: where }) => op === 'invalidate' && overlaps(where, range),
  )
  if (by === undefined) return undefined
  const device = writerName(store)
  return {
    rule: 'unsynced-handoff',
    reason: `${device} may have left them in the CPU cache, and an invalidate for ${by.device}, which also has the buffer mapped and does not snoop, dropped them`,
    because: {
      text: `The lines were invalidated at event ${by.id}, and had not been written back since ${device} stored.`,
      event: by.id,
      origin: by.origin,
    },
    origin: by.origin ?? store.queued?.origin ?? store.origin,
    related: [],
    fix: `Unmap the buffer from ${by.device} while ${device} writes it, or put an empty CPU access for writing (START | WRITE, then END | WRITE) right after ${device}: with an exporter that syncs in the direction of the access, such as a DMA heap, its END writes the lines back.`,
  }
}

function handoff(store: Store, reader: Reader): Cause {
  const device = writerName(store)
  const reason = !isSnooped(store)
    ? `${device} wrote memory without snooping the CPU cache, and ${reader.name} reads through the cache`
    : reader.by === 'device'
      ? `${device} may have left them in the CPU cache, which ${reader.name} does not snoop`
      : `${device} may have left them in the CPU cache, and a sync for another device dropped the line`
  return {
    rule: 'unsynced-handoff',
    reason,
    because: { text: `There was no sync between the store of ${device} and this read.` },
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
  const { task } = event
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
      fix: fixForLoads(forWriting),
      by: forWriting.start.agent,
    }
  }
  const { failed } = buffer
  if (failed?.kind === 'cpu-access-begin') {
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
    by: event.agent,
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
