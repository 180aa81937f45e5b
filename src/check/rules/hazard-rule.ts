/**
 * Reads that may return wrong bytes. Every hazard becomes a finding; which one, its history says.
 */
import type {
  Agent,
  CpuAccessEvent,
  CpuViewEvent,
  DeviceAccessEvent,
  DmabufEvent,
  Hazard,
} from '../../events/event.ts'
import type { Collector } from '../collector.ts'
import { type History, isBounced } from '../history.ts'
import { agentName, bytesOf, hull, writerName } from '../words.ts'
import type { Cause, Reader } from './cause.ts'
import { causeInCpuStore } from './cpu-store-cause.ts'
import { causeInDeviceStore } from './device-store-cause.ts'
import { causeInKernelStore } from './kernel-store-cause.ts'
import { strayLoad, strayStore } from './reach-cause.ts'
import type { Rule } from './rule.ts'

/** Who is spoken to where a cause names nobody else. */
const PROGRAM: Agent = { kind: 'task', name: 'main' }

interface Named {
  readonly cause: Cause
  readonly hazards: Hazard[]
}

export class HazardRule implements Rule {
  readonly #history: History
  readonly #out: Collector

  constructor(history: History, out: Collector) {
    this.#history = history
    this.#out = out
  }

  before(event: DmabufEvent): void {
    const isRead =
      event.kind === 'cpu-load' || event.kind === 'device-load' || event.kind === 'cpu-view'
    if (!isRead || event.hazards.length === 0) return
    if (event.kind === 'cpu-view' && this.#isForWriting(event)) return
    const reader = this.#readerOf(event)
    const named = new Map<string, Named>()
    for (const hazard of event.hazards) {
      if (this.#isOverlap(hazard, reader)) continue
      const cause = this.#causeOf(hazard, reader)
      const key = `${cause.rule} ${cause.because.event} ${hazard.lastStore}`
      const known = named.get(key)
      if (known === undefined) named.set(key, { cause, hazards: [hazard] })
      else known.hazards.push(hazard)
    }
    for (const found of named.values()) this.#report(reader, found)
  }

  /** In an access for writing alone, old bytes are nobody's business: they are there to be replaced. */
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

  /** Two devices' jobs at once: that is the mistake, whatever the bytes are, and reported by itself. */
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

  #causeOf(hazard: Hazard, reader: Reader): Cause {
    const history = this.#history
    const store = history.storeAt(hazard.lastStore)
    const stray = (store && strayStore(history, store)) ?? strayLoad(history, reader)
    if (stray !== undefined) return stray
    if (store === undefined) return unknownCause(hazard, reader)
    if (store.by === 'device') return causeInDeviceStore(history, hazard, store, reader)
    if (store.by === 'kernel') return causeInKernelStore(history, hazard, store, reader)
    return causeInCpuStore(history, hazard, store, reader)
  }

  #report(reader: Reader, { cause, hazards }: Named): void {
    const range = hull(hazards.map((hazard) => hazard.range))
    const { lastStore } = hazards[0] as Hazard
    const store = this.#history.storeAt(lastStore)
    const writer = store === undefined ? 'somebody' : writerName(store)
    const what = bytesOf(range, reader.buffer)
    this.#out.report({
      rule: cause.rule,
      event: reader.event,
      message: `${reader.name} reads ${what} and may miss what ${writer} stored there (event ${lastStore}): ${cause.reason}.`,
      because: cause.because,
      origin: cause.origin,
      related: [
        ...cause.related,
        { label: `${writer} stored here`, origin: store?.origin },
        { label: `${reader.name} read here`, origin: reader.origin },
      ].filter((place) => place.origin !== cause.origin),
      buffer: reader.buffer.id,
      range,
      wrongNow: hazards.some(({ wrongNow }) => wrongNow),
      fix: cause.fix,
      by: cause.by ?? PROGRAM,
    })
  }
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
    reason: 'no sync lies between the two',
    because: { text: 'No sync of these bytes was seen since they were stored.' },
    origin,
    related: [],
  }
}
