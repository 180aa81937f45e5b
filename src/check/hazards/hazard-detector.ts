/**
 * Reads that may return wrong bytes. Every hazard becomes a finding; which one, its history says.
 */
import type {
  Agent,
  BufferId,
  CpuAccessEvent,
  CpuViewEvent,
  DeviceAccessEvent,
  DmabufEvent,
  Hazard,
} from '../../events/event.ts'
import type { Collector, Draft } from '../collector.ts'
import type { Detector } from '../detectors/detector.ts'
import { cpuMapOf, type History, isBounced } from '../model/history.ts'
import type { Store } from '../model/store.ts'
import { agentName, bytesOf, hull, writerName } from '../words.ts'
import type { Cause, Reader } from './cause.ts'
import { causeOf } from './obligations.ts'
import { PresumedReads } from './presumed-reads.ts'
import { strayLoad } from './reach-cause.ts'

/** The addressee of a finding whose cause names no other. */
const PROGRAM: Agent = { kind: 'task', name: 'main' }

interface Named {
  readonly cause: Cause
  readonly hazards: Hazard[]
}

export class HazardDetector implements Detector {
  readonly #history: History
  readonly #out: Collector
  readonly #presumed = new PresumedReads()

  constructor(history: History, out: Collector) {
    this.#history = history
    this.#out = out
  }

  before(event: DmabufEvent): void {
    for (const draft of this.#presumed.endedBy(event)) this.#out.report(draft)
    const isRead =
      event.kind === 'cpu-load' || event.kind === 'device-load' || event.kind === 'cpu-view'
    if (!isRead || event.hazards.length === 0) return
    if (event.kind === 'cpu-view' && this.#isForWriting(event)) return
    const reader = this.#readerOf(event)
    const named = new Map<string, Named>()
    for (const hazard of event.hazards) {
      if (this.#isOverlap(hazard, reader) || this.#isAstray(hazard, reader)) continue
      const cause = this.#causeOf(hazard, reader)
      const key = `${cause.rule} ${cause.because.event} ${hazard.lastStore}`
      const known = named.get(key)
      if (known === undefined) named.set(key, { cause, hazards: [hazard] })
      else known.hazards.push(hazard)
    }
    for (const found of named.values()) {
      if (!this.#isPresumed(event, found)) this.#out.report(draftOf(this.#history, reader, found))
      else this.#presume(event as CpuViewEvent, reader, found)
    }
  }

  /** Whether it is only presumed that the bytes are read: no CPU access is open that would say so. */
  #isPresumed(event: DmabufEvent, { hazards }: Named): boolean {
    if (event.kind !== 'cpu-view' || event.scope !== 'mapping') return false
    return this.#governing(event, hazards).every((id) => this.#history.buffer(id).open.length === 0)
  }

  #presume(view: CpuViewEvent, reader: Reader, found: Named): void {
    const buffers = this.#governing(view, found.hazards)
    const draft = draftOf(this.#history, reader, found)
    const { range, buffer } = reader.event
    const { lastStore } = found.hazards[0] as Hazard
    const stored = this.#history.storeAt(lastStore)
    const what = `${bytesOf(draft.range ?? range, this.#history.buffer(buffer))} as an array (event ${view.id})`
    const missed =
      stored === undefined ? 'last bytes' : `the data that ${writerName(stored)} stored there`
    const why = found.cause.rule === 'read-outside-bracket' ? '' : `: ${found.cause.reason}`
    this.#presumed.add({
      view,
      buffers,
      draft: (ended) => ({
        ...draft,
        message: `${reader.name} takes ${what} that may miss ${missed} (event ${lastStore}), and begins no CPU access before the array ends at event ${ended.id}${why}.`,
      }),
    })
  }

  /** The buffers whose CPU accesses govern the array. */
  #governing({ buffer }: CpuViewEvent, hazards: readonly Hazard[]): BufferId[] {
    const stored = hazards.map(({ lastStore }) => this.#history.storeAt(lastStore)?.event.buffer)
    return [...new Set([buffer, ...stored])].filter((id) => id !== undefined)
  }

  /** In an access for writing alone stale bytes are harmless: they will be replaced. */
  #isForWriting(event: CpuViewEvent): boolean {
    const { open } = this.#history.buffer(event.buffer)
    return open.length > 0 && open.every(({ access }) => access === 'write')
  }

  #readerOf(event: CpuAccessEvent | CpuViewEvent | DeviceAccessEvent): Reader {
    const buffer = this.#history.buffer(event.buffer)
    if ('device' in event) {
      const { device, snooped, job } = event
      const started = job === undefined ? undefined : buffer.jobs.get(job)
      const dma = this.#history.dmaOf(event)
      return {
        by: 'device',
        name: device,
        event,
        buffer,
        attribute: undefined,
        snooped,
        dma,
        bounced: isBounced(event, dma),
        origin: event.origin ?? started?.origin,
      }
    }
    return {
      by: event.agent.kind === 'kernel' && !this.#history.isImporters(event) ? 'kernel' : 'task',
      name: agentName(event.agent),
      event,
      buffer,
      attribute: this.#history.attributeOf(event),
      snooped: true,
      dma: undefined,
      bounced: false,
      origin: event.origin,
    }
  }

  /** Two devices' jobs at once: the overlap is the mistake, and is reported by itself. */
  #isOverlap({ lastStore }: Hazard, { event }: Reader): boolean {
    if (event.kind !== 'device-load' || event.job === undefined) return false
    const store = this.#history.storeAt(lastStore)
    const writing = store?.job
    const reading = this.#history.buffer(event.buffer).jobs.get(event.job)
    if (store === undefined || writing === undefined || reading === undefined) return false
    if (writing.device === event.device) return false
    const isUnderWay = this.#history.buffer(writing.buffer).jobs.has(writing.job)
    return isUnderWay || store.event.id > reading.id
  }

  /** One of the two was in memory that is another owner's by now, which is reported where it was freed. */
  #isAstray({ lastStore }: Hazard, { event, buffer, dma }: Reader): boolean {
    const map = 'device' in event ? dma : cpuMapOf(buffer, event)
    return buffer.hasLostMemory(map) || this.#history.storeAt(lastStore)?.astray === true
  }

  #causeOf(hazard: Hazard, reader: Reader): Cause {
    const history = this.#history
    const store = history.storeAt(hazard.lastStore)
    if (store !== undefined) return causeOf({ history, hazard, store, reader })
    return strayLoad(history, reader) ?? unknownCause(hazard, reader)
  }
}

function draftOf(history: History, reader: Reader, { cause, hazards }: Named): Draft {
  const range = hull(hazards.map((hazard) => hazard.range))
  const { lastStore } = hazards[0] as Hazard
  const store = history.storeAt(lastStore)
  const writer = store === undefined ? 'an earlier writer' : writerName(store)
  const what = bytesOf(range, reader.buffer)
  return {
    rule: cause.rule,
    event: reader.event,
    message: `${reader.name} reads ${what} and may miss the data that ${writer} stored there (event ${lastStore}): ${cause.reason}.`,
    because: cause.because,
    origin: cause.origin,
    related: [
      ...cause.related,
      { label: storedLabel(store, writer), origin: store?.origin },
      { label: `${reader.name} read here`, origin: reader.origin },
    ].filter((place) => place.origin !== cause.origin),
    buffer: reader.buffer.id,
    range,
    wrongBytes: hazards.reduce((sum, { wrongBytes }) => sum + wrongBytes, 0),
    fix: cause.fix,
    by: cause.by ?? PROGRAM,
  }
}

/** Of a store through an array, only the line that took the array is known. */
function storedLabel(store: Store | undefined, writer: string): string {
  const isThroughArray =
    store !== undefined && 'view' in store.event && store.event.view !== undefined
  return isThroughArray ? `${writer} stored through the array taken here` : `${writer} stored here`
}

/** The store is too long ago to be remembered. */
function unknownCause({ kind }: Hazard, { by, bounced, origin }: Reader): Cause {
  const rule = bounced
    ? 'bounce-not-synced'
    : by !== 'task'
      ? 'unsynced-handoff'
      : kind === 'lost'
        ? 'dirty-over-dma'
        : 'read-outside-bracket'
  return {
    rule,
    reason: 'there is no sync between the two',
    because: { text: 'No sync of these bytes was seen since the store.' },
    origin,
    related: [],
  }
}
