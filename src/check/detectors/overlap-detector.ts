/** Devices against each other: bytes that one reads or writes while another one writes them. */
import type {
  BufferId,
  DeviceAccessEvent,
  DmabufEvent,
  EventId,
  EventOrigin,
  JobEvent,
  QueueEvent,
  Range,
  ScanoutEvent,
} from '../../events/event.ts'
import type { Collector } from '../collector.ts'
import type { Because } from '../finding.ts'
import type { BufferHistory } from '../model/buffer-history.ts'
import type { History } from '../model/history.ts'
import { isSameBytes } from '../model/placements.ts'
import { overlaps, RangeMap } from '../model/range-map.ts'
import { bytesOf } from '../words.ts'
import type { Detector } from './detector.ts'
import { holdWrites } from './device-hold.ts'

const MOST_STORES = 64

/** A device that uses bytes from now on, or at this moment. */
interface Use {
  readonly event: JobEvent | QueueEvent | DeviceAccessEvent
  readonly access: 'read' | 'write'
  readonly range: Range
}

/** A job that writes, with the ranges that it has stored so far. */
interface Writer {
  readonly job: JobEvent
  readonly stored: RangeMap<DeviceAccessEvent>
  ended: EventId
}

export class OverlapDetector implements Detector {
  readonly #history: History
  readonly #out: Collector
  readonly #active = new Map<number, JobEvent>()
  /** Jobs that write, by their numbers: as long as another one is under way that began before their end. */
  readonly #writers = new Map<number, Writer>()
  /** Devices that were reported for not waiting, by the job that they did not wait for. */
  readonly #reported = new WeakMap<Use['event'] | ScanoutEvent, Set<string>>()
  /** Writers that came too early, with the readers whose next jobs are a consequence. */
  readonly #early = new Set<string>()

  constructor(history: History, out: Collector) {
    this.#history = history
    this.#out = out
  }

  after(event: DmabufEvent): void {
    switch (event.kind) {
      case 'queue': {
        const buffer = this.#history.buffer(event.buffer)
        const range = { start: 0, end: buffer.size ?? Number.POSITIVE_INFINITY }
        if (holdWrites(buffer, event)) this.#used({ event, access: 'write', range })
        return
      }
      case 'job-start':
        this.#used(event)
        this.#active.set(event.job, event)
        if (event.access === 'write') this.#writers.set(event.job, writerOf(event))
        return
      case 'job-end':
        this.#ended(event)
        return
      case 'device-load':
        if (event.job === undefined) this.#used({ event, access: 'read', range: event.range })
        return
      case 'device-store':
        if (event.job === undefined) this.#used({ event, access: 'write', range: event.range })
        else this.#storedIn(event.job, event)
        return
      default:
        return
    }
  }

  #used(what: JobEvent | Use): void {
    const use: Use =
      'event' in what ? what : { event: what, access: what.access, range: what.range }
    const others = this.#othersOver(use)
    if (use.access === 'write') {
      const readers = others.filter(({ access }) => access === 'read')
      for (const reader of [...readers, ...this.#toBeReadBy(use)]) this.#reusedEarly(use, reader)
      return
    }
    const writers = others.filter(({ access }) => access === 'write')
    const busy = new Set(writers.map(({ device }) => device))
    const queued = this.#queuedFor(use).filter(({ device }) => !busy.has(device))
    for (const writer of [...writers, ...queued]) this.#readEarly(use, writer)
  }

  /** A buffer is its driver's until it is dequeued: the device may write it at any time. */
  #queuedFor({ event }: Use): QueueEvent[] {
    const buffer = this.#history.buffer(event.buffer)
    return [...buffer.owners.values()].filter(
      (queued) => queued.device !== event.device && holdWrites(buffer, queued),
    )
  }

  /** Displays that have taken a picture over the bytes and do not read it yet. */
  #toBeReadBy({ event, range }: Use): ScanoutEvent[] {
    const { pictures, jobs } = this.#history.buffer(event.buffer)
    const busy = new Set([...jobs.values()].map(({ device }) => device))
    return [...pictures.values()].filter(
      (picture) =>
        picture.device !== event.device &&
        !busy.has(picture.device) &&
        overlaps(picture.range, range),
    )
  }

  #ended({ id, job, device, buffer, access }: JobEvent): void {
    this.#active.delete(job)
    if (access === 'read') return
    const writer = this.#writers.get(job)
    if (writer !== undefined) writer.ended = id
    this.#forgetWriters()
    for (const key of this.#early) {
      if (key.startsWith(`${buffer} ${device} `)) this.#early.delete(key)
    }
  }

  #forgetWriters(): void {
    const writers = [...this.#writers.values()]
    const first = Math.min(
      ...writers.filter(({ ended }) => ended === Infinity).map(({ job }) => job.id),
    )
    for (const { job, ended } of writers) if (ended < first) this.#writers.delete(job.job)
  }

  /** Jobs of other devices that are under way over bytes of the use. */
  #othersOver({ event, range }: Use): JobEvent[] {
    const others = [...this.#active.values()].filter(({ device }) => device !== event.device)
    return others.filter((job) => this.#isSame(event.buffer, range, job))
  }

  /** Whether the job is over bytes of the range, whichever buffer they are bytes of. */
  #isSame(buffer: BufferId, range: Range, job: Pick<JobEvent, 'buffer' | 'range'>): boolean {
    if (job.buffer === buffer) return overlaps(job.range, range)
    return this.#history
      .neighbours(buffer, range)
      .some((other) => other.buffer === job.buffer && isSameBytes(other, job.range, range))
  }

  /** One mistake, however often the device that comes too early touches the bytes. */
  #isNew({ device }: { readonly device: string }, hold: Use['event'] | ScanoutEvent): boolean {
    const reported = this.#reported.get(hold) ?? new Set()
    if (reported.has(device)) return false
    this.#reported.set(hold, reported.add(device))
    return true
  }

  #reusedEarly({ event }: Use, reader: JobEvent | ScanoutEvent): void {
    this.#early.add(`${event.buffer} ${event.device} ${reader.device}`)
    if (!this.#isNew(event, reader)) return
    const buffer = this.#history.buffer(event.buffer)
    this.#out.report({
      rule: 'early-reuse',
      event,
      message: `${event.device} gets buffer ${buffer.id} for writing (event ${event.id}) while ${reader.device} ${'job' in reader ? 'still reads it' : 'is about to read it'} (since event ${reader.id}).`,
      because: 'job' in reader ? notEnded(reader) : notReleased(reader),
      origin: this.#originOf(buffer, event) ?? reader.origin,
      related: [{ label: `${reader.device} got the buffer here`, origin: reader.origin }],
      buffer: buffer.id,
      range: reader.range,
    })
  }

  #readEarly({ event, range }: Use, writer: JobEvent | QueueEvent): void {
    if (this.#early.has(`${writer.buffer} ${writer.device} ${event.device}`)) return
    // The writer's next jobs, while the reader is at work, are a consequence.
    this.#isNew(writer, event)
    if (!this.#isNew(event, writer)) return
    const buffer = this.#history.buffer(event.buffer)
    const started = this.#originOf(this.#history.buffer(writer.buffer), writer)
    const { device, id } = writer
    const state = 'job' in writer ? 'still writes them' : 'has the buffer queued'
    this.#out.report({
      rule: 'missing-wait',
      event,
      message: `${event.device} reads ${bytesOf(range, buffer)} (event ${event.id}) while ${device} ${state} (since event ${id}).`,
      because: 'job' in writer ? notEnded(writer) : notDequeued(writer),
      origin: this.#originOf(buffer, event) ?? started,
      related: [{ label: `${device} got the buffer here`, origin: started }],
      buffer: buffer.id,
      range,
    })
  }

  /** A job says more bytes than it stores: two that write are judged by their stores. */
  #storedIn(id: number, event: DeviceAccessEvent): void {
    const writer = this.#writers.get(id)
    if (writer === undefined) return
    for (const other of this.#writers.values()) {
      if (other.job.device === event.device || other.ended < writer.job.id) continue
      if (this.#haveStored(other, event)) this.#bothWrite(event, writer.job, other.job)
    }
    writer.stored.set(event.range, event)
  }

  #haveStored(
    { job: { buffer }, stored }: Writer,
    { range, ...event }: DeviceAccessEvent,
  ): boolean {
    const all = stored.within({ start: 0, end: Number.POSITIVE_INFINITY })
    return all.some(({ start, end }) =>
      this.#isSame(event.buffer, range, { buffer, range: { start, end } }),
    )
  }

  #bothWrite(event: DeviceAccessEvent, job: JobEvent, other: JobEvent): void {
    const [first, second] = job.id < other.id ? [job, other] : [other, job]
    if (!this.#isNew(second, first)) return
    const buffer = this.#history.buffer(second.buffer)
    const started = this.#originOf(this.#history.buffer(first.buffer), first)
    this.#out.report({
      rule: 'missing-wait',
      event,
      message: `${second.device} writes ${bytesOf(event.range, buffer)} (event ${second.id}) while ${first.device} still writes them (since event ${first.id}).`,
      because: notEnded(first),
      origin: this.#originOf(buffer, second) ?? started,
      related: [{ label: `${first.device} began to write here`, origin: started }],
      buffer: buffer.id,
      range: event.range,
    })
  }

  #originOf(buffer: BufferHistory, { origin, device }: Use['event']): EventOrigin | undefined {
    return origin ?? buffer.owners.get(device)?.origin
  }
}

function writerOf(job: JobEvent): Writer {
  return { job, stored: new RangeMap(MOST_STORES), ended: Number.POSITIVE_INFINITY }
}

function notEnded({ device, id, origin }: JobEvent): Because {
  return {
    text: `The job of ${device} that began at event ${id} had not ended.`,
    event: id,
    origin,
  }
}

function notReleased({ device, id, origin }: ScanoutEvent): Because {
  const text = `${device} had not released the picture that it took at event ${id}.`
  return { text, event: id, origin }
}

function notDequeued({ device, id, origin }: QueueEvent): Because {
  const text = `${device} had not returned the buffer that it got at event ${id}.`
  return { text, event: id, origin }
}
