/**
 * The CPU stores to bytes that a device reads at that time: a picture on screen, or on its way to
 * it.
 */
import type {
  CpuAccessEvent,
  DmabufEvent,
  EventOrigin,
  JobEvent,
  Range,
  ScanoutEvent,
} from '../../events/event.ts'
import type { Collector } from '../collector.ts'
import { isCached } from '../hazards/cause.ts'
import type { BufferHistory } from '../model/buffer-history.ts'
import type { History } from '../model/history.ts'
import { overlaps } from '../model/range-map.ts'
import type { Store } from '../model/store.ts'
import { agentName, bytesOf } from '../words.ts'
import type { Detector } from './detector.ts'
import { DRAW_ELSEWHERE } from './display-fix.ts'

/** A device that reads: a job in flight, or a picture that a display has taken. */
type Reader = JobEvent | ScanoutEvent

export class OnScreenDetector implements Detector {
  readonly #history: History
  readonly #out: Collector
  readonly #arrays = new Map<string, EventOrigin>()

  constructor(history: History, out: Collector) {
    this.#history = history
    this.#out = out
  }

  after(event: DmabufEvent): void {
    if (event.kind !== 'cpu-store' || event.agent.kind !== 'task') return
    const store = this.#history.storeAt(event.id)
    const buffer = this.#history.buffer(event.buffer)
    if (store === undefined || isToldOtherwise(store, event)) return
    const reader = readerOver(buffer, event.range) ?? this.#readerElsewhere(event)
    if (reader !== undefined) this.#report(event, store, reader)
  }

  /** A device that reads the same bytes as another buffer: the udmabuf of a memfd. */
  #readerElsewhere({ buffer, range }: CpuAccessEvent): Reader | undefined {
    for (const other of this.#history.neighbours(buffer, range)) {
      const { start, end } = range
      const theirs = { start: start - other.shift, end: end - other.shift }
      const history = this.#history.buffer(other.buffer)
      const reader = readerOver(history, theirs)
      if (reader !== undefined && history.openFor('write') === undefined) return reader
    }
    return undefined
  }

  /** The picture that a display reads in the job. */
  #takenFor(job: JobEvent): Reader {
    const pictures = [...this.#history.buffer(job.buffer).pictures.values()]
    return (
      pictures.find(({ device, range }) => device === job.device && overlaps(range, job.range)) ??
      job
    )
  }

  /** Of stores through arrays no line is known: those that one device reads are one finding. */
  #placeOfArrays(device: string, place: EventOrigin | undefined): EventOrigin | undefined {
    const known = this.#arrays.get(device) ?? place
    if (known !== undefined) this.#arrays.set(device, known)
    return known
  }

  #report(event: CpuAccessEvent, { origin }: Store, reader: Reader): void {
    const { device, id } = reader
    const isJob = 'job' in reader
    const since = isJob ? this.#takenFor(reader) : reader
    const place = origin ?? since.origin
    this.#out.report({
      rule: 'early-reuse',
      event,
      message: `${agentName(event.agent)} stores to ${bytesOf(event.range, event.buffer)} (found at event ${event.id}) while ${device} ${isJob ? 'reads them' : 'is about to read them'} (since event ${id}).`,
      because: {
        text: `${device} had not released the buffer that it got at event ${since.id}.`,
        event: since.id,
        origin: since.origin,
      },
      origin: event.seen === 'exact' ? place : this.#placeOfArrays(device, place),
      related: [{ label: `${device} got the buffer here`, origin: since.origin }],
      buffer: event.buffer,
      range: event.range,
      fix: DRAW_ELSEWHERE,
    })
  }
}

/**
 * A store inside a CPU access is judged by the access, which comes too early or ends too late; one to
 * cached memory outside of any, and one through a dead array, break another rule already.
 */
function isToldOtherwise({ bracket, attribute }: Store, event: CpuAccessEvent): boolean {
  const outside = isCached(attribute) && event.buffer >= 0
  return bracket !== undefined || event.viewEnded !== undefined || outside
}

/** A device that reads bytes of the range, or is about to; the first of them. */
function readerOver({ jobs, pictures }: BufferHistory, range: Range): Reader | undefined {
  const reading = [...jobs.values()].filter(({ access }) => access === 'read')
  return [...reading, ...pictures.values()].find((reader) => overlaps(reader.range, range))
}
