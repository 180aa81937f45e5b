/** The CPU's loads, stores and views against the CPU accesses that are open. */
import type {
  CpuAccessEvent,
  CpuViewEvent,
  DmabufEvent,
  EventId,
  EventOrigin,
  JobEvent,
  Range,
} from '../../events/event.ts'
import type { Collector, Draft } from '../collector.ts'
import { isCached } from '../hazards/cause.ts'
import { fixForLoads, fixForStores } from '../hazards/flags-fix.ts'
import { type Bracket, writes } from '../model/bracket.ts'
import type { BufferHistory, LooseView } from '../model/buffer-history.ts'
import type { History } from '../model/history.ts'
import type { Operations } from '../model/operations.ts'
import { overlaps } from '../model/range-map.ts'
import { RecentEvents } from '../model/recent-events.ts'
import type { Store } from '../model/store.ts'
import { agentName, bytesOf, failureText, flagsOf, writerName } from '../words.ts'
import type { Deferred } from './deferred.ts'
import type { Detector } from './detector.ts'

const MOST_WAITING = 64
const MOST_ENDS = 1024

export class CpuAccessDetector implements Detector {
  readonly #history: History
  readonly #out: Collector
  readonly #deferred: Deferred
  /** Where CPU accesses and mappings ended, for arrays that are used afterwards. */
  readonly #ends = new RecentEvents<DmabufEvent>(MOST_ENDS)
  readonly #operations: Operations
  /** Stores outside any access to buffers that no device knew then; a device's read makes them matter. */
  readonly #unflushed = new Map<number, Draft[]>()

  constructor(history: History, out: Collector, deferred: Deferred, operations: Operations) {
    this.#history = history
    this.#out = out
    this.#deferred = deferred
    this.#operations = operations
  }

  before(event: DmabufEvent): void {
    if (event.kind === 'cpu-unmap') {
      const buffer = this.#history.buffer(event.buffer)
      this.#endViews(buffer, event, ({ mapping }) => mapping === event.mapping)
    } else if (event.kind === 'program-end') {
      for (const buffer of this.#history.buffers) this.#endViews(buffer, event, () => true)
    }
  }

  after(event: DmabufEvent): void {
    switch (event.kind) {
      case 'cpu-store':
        if (this.#isGoverned(event)) this.#stored(event)
        return
      case 'cpu-load':
        if (this.#isGoverned(event)) this.#loaded(event)
        return
      case 'cpu-view':
        this.#viewed(event)
        return
      case 'cpu-access-begin':
        if (event.result >= 0) this.#history.buffer(event.buffer).looseViews = []
        return
      case 'cpu-unmap':
        this.#ends.add(event.id, event)
        return
      case 'cpu-access-end':
        this.#ends.add(event.id, event)
        if (event.result >= 0 && writes(event.access)) this.#unflushed.delete(event.buffer)
        return
      case 'job-start':
        this.#jobStarted(event)
        return
      default:
        return
    }
  }

  /**
   * An access of a program to a dma-buf, or of a driver that imports it. An exporter's accesses are
   * covered by dma_sync_* and reported by their harm.
   */
  #isGoverned(event: CpuAccessEvent): boolean {
    if (event.agent.kind === 'kernel') return this.#history.isImporters(event)
    return event.buffer >= 0
  }

  // --- stores ----------------------------------------------------------------------------------

  #stored(event: CpuAccessEvent): void {
    const store = this.#history.storeAt(event.id)
    if (store === undefined) return
    const buffer = this.#history.buffer(event.buffer)
    if (event.viewEnded !== undefined) {
      this.#deadTouched(event, store.origin, event.viewEnded)
      return
    }
    const { bracket, faulted } = store
    if (faulted) return
    if (bracket !== undefined) {
      if (!writes(bracket.access)) this.#deferred.report(buffer, underRead(store, bracket))
      return
    }
    // Without a cache a store outside any access reaches memory all the same; its direction is a promise.
    if (!isCached(store.attribute)) return
    if (store.failedStart !== undefined) {
      this.#deferred.report(buffer, afterFailure(event, 'stores to', store))
      return
    }
    // A START that is not awaited comes too late for the store.
    if (this.#operations.explain(buffer.id)) return
    const draft = outside(store, buffer)
    if (buffer.shared !== undefined) this.#out.report(draft)
    else this.#keepUnflushed(buffer, draft)
  }

  #keepUnflushed(buffer: BufferHistory, draft: Draft): void {
    const kept = this.#unflushed.get(buffer.id) ?? []
    if (kept.length < MOST_WAITING) kept.push(draft)
    this.#unflushed.set(buffer.id, kept)
  }

  /** A device that reads needs the stores; one that writes all of it makes them irrelevant. */
  #jobStarted(event: JobEvent): void {
    const kept = this.#unflushed.get(event.buffer)
    if (kept === undefined) return
    const isRead = event.access === 'read'
    const concerned = ({ range }: Draft): boolean =>
      range !== undefined && (isRead ? overlaps(range, event.range) : covers(event.range, range))
    if (isRead) for (const draft of kept.filter(concerned)) this.#out.report(draft)
    const rest = kept.filter((draft) => !concerned(draft))
    if (rest.length === 0) this.#unflushed.delete(event.buffer)
    else this.#unflushed.set(event.buffer, rest)
  }

  #deadTouched(event: CpuAccessEvent, origin: EventOrigin | undefined, ended: EventId): void {
    const buffer = this.#history.buffer(event.buffer)
    const end = this.#ends.get(ended) ?? { id: ended, origin: undefined }
    this.#out.report(throughDeadView(event, origin, end, buffer))
  }

  // --- loads -----------------------------------------------------------------------------------

  #loaded(event: CpuAccessEvent): void {
    const buffer = this.#history.buffer(event.buffer)
    if (event.viewEnded !== undefined) {
      this.#deadTouched(event, event.origin, event.viewEnded)
      return
    }
    if (!isCached(this.#history.attributeOf(event)) || this.#history.isFaulted(event)) return
    if (buffer.openFor('read') !== undefined) return
    const stored = buffer.deviceStores.latest(event.range)
    if (stored === undefined) return
    const bracket = buffer.openFor('write')
    if (bracket !== undefined) {
      this.#out.report(underWrite(event, bracket, stored))
      return
    }
    const { failed } = buffer
    if (failed?.kind === 'cpu-access-begin') {
      this.#out.report(afterFailure(event, 'reads', { failedStart: failed, origin: event.origin }))
      return
    }
    this.#out.report({
      rule: 'read-outside-bracket',
      event,
      message: `${agentName(event.agent)} reads ${bytesOf(event.range, buffer.id)}, which ${writerName(stored)} wrote (event ${stored.event.id}), outside any CPU access.`,
      because: { text: 'No CPU access for reading was open when the read happened.' },
      origin: event.origin,
      related: [{ label: `${writerName(stored)} wrote here`, origin: stored.origin }],
      buffer: buffer.id,
      range: event.range,
    })
  }

  // --- views -----------------------------------------------------------------------------------

  #viewed(event: CpuViewEvent): void {
    const buffer = this.#history.buffer(event.buffer)
    if (buffer.id < 0 || buffer.open.length > 0 || this.#history.isFaulted(event)) return
    if (!isCached(this.#history.attributeOf(event))) return
    const { failed } = buffer
    if (failed?.kind === 'cpu-access-begin' && failed.task === event.task) {
      const store = { failedStart: failed, origin: event.origin }
      this.#deferred.report(buffer, afterFailure(event, 'takes', store))
      return
    }
    if (event.scope !== 'mapping') return
    const { mapping, range } = event
    // The same array, taken again: it is one mistake.
    if (buffer.looseViews.some((view) => view.mapping === mapping && isSame(view.range, range))) {
      return
    }
    buffer.looseViews.push({ event, mapping, range })
    if (buffer.looseViews.length > MOST_WAITING) buffer.looseViews.shift()
  }

  /** A view that lived without a single CPU access, on memory that a device shared. */
  #endViews(
    buffer: BufferHistory,
    last: DmabufEvent,
    isEnding: (view: LooseView) => boolean,
  ): void {
    if (buffer.looseViews.length === 0) return
    const ending = buffer.looseViews.filter(isEnding)
    buffer.looseViews = buffer.looseViews.filter((view) => !isEnding(view))
    const { shared } = buffer
    if (shared === undefined) return
    const device = sharerOf(buffer, shared)
    for (const { event, range } of ending) {
      this.#out.report({
        rule: 'read-outside-bracket',
        event,
        message: `${agentName(event.agent)} holds ${bytesOf(range, buffer.id)} as an array from event ${event.id} to event ${last.id} while ${device} shares them, and never begins a CPU access.`,
        because: { text: 'No START came during the life of the array.' },
        origin: event.origin,
        related: [{ label: `${device} started to share the buffer here`, origin: shared.origin }],
        buffer: buffer.id,
        range,
      })
    }
  }
}

/** A use of an array after the end of its CPU access or mapping. */
function throughDeadView(
  event: CpuAccessEvent,
  origin: EventOrigin | undefined,
  { id, origin: end }: Pick<DmabufEvent, 'id' | 'origin'>,
  buffer: BufferHistory,
): Draft {
  const verb = event.kind === 'cpu-load' ? 'reads' : 'stores to'
  const found = event.seen === 'exact' ? `event ${event.id}` : `found at event ${event.id}`
  return {
    rule: 'use-after-release',
    event,
    message: `${agentName(event.agent)} ${verb} ${bytesOf(event.range, buffer)} (${found}) through an array whose CPU access or mapping had ended at event ${id}.`,
    because: { text: `The array ended at event ${id}.`, event: id, origin: end },
    origin,
    related: [{ label: 'the CPU access or the mapping ended here', origin: end }],
    buffer: buffer.id,
    range: event.range,
  }
}

function covers(outer: Range, inner: Range): boolean {
  return outer.start <= inner.start && inner.end <= outer.end
}

function sharerOf({ lastDeviceStore }: BufferHistory, shared: DmabufEvent): string {
  if (lastDeviceStore !== undefined) return writerName(lastDeviceStore)
  return deviceOf(shared)
}

function deviceOf(event: DmabufEvent): string {
  return ('device' in event ? event.device : undefined) ?? 'a device'
}

function outside(store: Store, { id, shared }: BufferHistory): Draft {
  const { event, origin } = store
  const who = agentName(event.agent)
  const sharer = shared === undefined ? 'a device' : deviceOf(shared)
  const when =
    'since' in event && event.seen === 'reconciled' && event.since !== undefined
      ? `between events ${event.since} and ${event.id}`
      : `at event ${event.id}`
  return {
    rule: 'write-outside-bracket',
    event,
    message: `${who} stores to ${bytesOf(event.range, id)}, which ${sharer} shares, ${when}, outside any CPU access.`,
    because: { text: 'No CPU access for writing was open when the store happened.' },
    origin,
    related: [{ label: 'a device started to share the buffer here', origin: shared?.origin }],
    buffer: id,
    range: event.range,
  }
}

function underRead(store: Store, bracket: Bracket): Draft {
  const { event, origin } = store
  const who = agentName(event.agent)
  return {
    rule: 'bracket-direction',
    event,
    message: `${who} stores to ${bytesOf(event.range, event.buffer)} (event ${event.id}) inside a CPU access that ${agentName(bracket.start.agent)} began for reading only.`,
    because: {
      text: `${flagsOf(bracket.start)} does not cover stores.`,
      event: bracket.start.id,
      origin: bracket.start.origin,
    },
    origin: bracket.start.origin ?? origin,
    related: [{ label: 'the store used this', origin }],
    buffer: event.buffer,
    range: event.range,
    fix: fixForStores(bracket),
  }
}

function underWrite(event: CpuAccessEvent, bracket: Bracket, stored: Store): Draft {
  return {
    rule: 'bracket-direction',
    event,
    message: `${agentName(event.agent)} reads ${bytesOf(event.range, event.buffer)}, which ${writerName(stored)} wrote (event ${stored.event.id}), inside a CPU access for writing only.`,
    because: {
      text: `${flagsOf(bracket.start)} does not cover reads.`,
      event: bracket.start.id,
      origin: bracket.start.origin,
    },
    origin: bracket.start.origin ?? event.origin,
    related: [{ label: 'the read is here', origin: event.origin }],
    buffer: event.buffer,
    range: event.range,
    fix: fixForLoads(bracket),
  }
}

function afterFailure(
  event: CpuAccessEvent | CpuViewEvent,
  verb: string,
  { failedStart, origin }: Pick<Store, 'failedStart' | 'origin'>,
): Draft {
  const failed = failedStart as NonNullable<Store['failedStart']>
  return {
    rule: 'sync-result-ignored',
    event,
    message: `${agentName(event.agent)} ${verb} ${bytesOf(event.range, event.buffer)} (event ${event.id}) although the previous START of ${agentName(failed.agent)} had failed.`,
    because: {
      text: `${failureText(failed)} and was not repeated.`,
      event: failed.id,
      origin: failed.origin,
    },
    origin: failed.origin ?? origin,
    related: [{ label: 'the access is here', origin }],
    buffer: event.buffer,
    range: event.range,
  }
}

function isSame(a: Range, b: Range): boolean {
  return a.start === b.start && a.end === b.end
}
