/** Hints about content: bytes that a device reads and nothing wrote, and buffers that nothing reads. */
import type {
  BufferId,
  CpuAccessEvent,
  CpuViewEvent,
  DeviceAccessEvent,
  DmabufEvent,
  EventOrigin,
  Range,
  ReleaseEvent,
} from '../../events/event.ts'
import type { Collector } from '../collector.ts'
import { reads, writes } from '../model/bracket.ts'
import { Coverage } from '../model/coverage.ts'
import type { History } from '../model/history.ts'
import { agentName, bytesOf } from '../words.ts'
import type { Detector } from './detector.ts'

/** A buffer that the CPU fills and nothing reads may be dropped once; again and again it is lost. */
const LOST_TWICE = 2

/** A device read bytes that nothing had written. */
interface Unwritten {
  readonly event: DeviceAccessEvent
  readonly gap: Range
  readonly origin: EventOrigin | undefined
}

interface Content {
  readonly written: Coverage
  readonly read: Coverage
  unwritten: Unwritten | undefined
  /** The newest store of the program. */
  stored: { readonly event: DmabufEvent; readonly origin: EventOrigin | undefined } | undefined
  isRead: boolean
}

export class ContentDetector implements Detector {
  readonly #history: History
  readonly #out: Collector
  readonly #contents = new Map<BufferId, Content>()
  /** The newest read of a device, by the exporter and the size of the buffer. */
  readonly #deviceReads = new Map<string, DeviceAccessEvent>()
  readonly #lost = new Map<string, number>()

  constructor(history: History, out: Collector) {
    this.#history = history
    this.#out = out
  }

  after(event: DmabufEvent): void {
    switch (event.kind) {
      case 'cpu-store':
        this.#stored(event)
        return
      case 'cpu-load':
        this.#of(event.buffer).isRead = true
        this.#of(event.buffer).read.add(event.range)
        return
      case 'cpu-view':
        this.#viewed(event)
        return
      case 'device-store':
        this.#of(event.buffer).written.add(event.range)
        return
      case 'device-load':
        this.#deviceReads.set(this.#kindOf(event.buffer), event)
        this.#of(event.buffer).isRead = true
        this.#of(event.buffer).read.add(event.range)
        this.#readUnwritten(event)
        return
      case 'release':
        this.#judge(event.buffer)
        this.#released(event)
        return
      case 'program-end':
        for (const buffer of this.#contents.keys()) this.#judge(buffer)
        return
      default:
        return
    }
  }

  #of(buffer: BufferId): Content {
    let content = this.#contents.get(buffer)
    if (content === undefined) {
      const [written, read] = [new Coverage(), new Coverage()]
      content = { written, read, unwritten: undefined, stored: undefined, isRead: false }
      this.#contents.set(buffer, content)
    }
    return content
  }

  #stored(event: CpuAccessEvent): void {
    const { size = 0 } = this.#history.buffer(event.buffer)
    const content = this.#of(event.buffer)
    const isWhole = event.range.start === 0 && event.range.end >= size
    const isZeroing = event.agent.kind === 'kernel' && isWhole && content.written.isEmpty
    if (isZeroing) return
    content.written.add(event.range)
    if (event.agent.kind !== 'task') return
    content.stored = { event, origin: this.#history.storeAt(event.id)?.origin ?? event.origin }
  }

  /** Stores of the value that is there already are not seen: an array may have stored all of them. */
  #viewed({ buffer, range, scope }: CpuViewEvent): void {
    const content = this.#of(buffer)
    const { open } = this.#history.buffer(buffer)
    const isFree = scope === 'mapping' || open.length === 0
    if (isFree || open.some(({ access }) => writes(access))) content.written.add(range)
    if (isFree || open.some(({ access }) => reads(access))) {
      content.isRead = true
      content.read.add(range)
    }
  }

  #readUnwritten(event: DeviceAccessEvent): void {
    const { buffer, range, job } = event
    const content = this.#of(buffer)
    if (content.unwritten !== undefined || content.written.isEmpty) return
    const gap = content.written.missing(range).find((part) => !this.#isUsedElsewhere(buffer, part))
    if (gap === undefined) return
    const history = this.#history.buffer(buffer)
    const started = job === undefined ? undefined : history.jobs.get(job)
    const origin = event.origin ?? started?.origin ?? history.shared?.origin
    content.unwritten = { event, gap, origin }
  }

  /**
   * Fresh memory is zero, and may be shown as a black border: then all that was written is read. Where a
   * device reads bytes that nothing wrote and leaves others that were written, it reads at a wrong place.
   */
  #judge(buffer: BufferId): void {
    const { unwritten, written, read } = this.#of(buffer)
    if (unwritten === undefined || read.covers(written)) return
    this.#of(buffer).unwritten = undefined
    const { event, gap, origin } = unwritten
    this.#out.lint({
      rule: 'never-written',
      event,
      message: `${event.device} reads ${bytesOf(gap, this.#history.buffer(buffer))} (event ${event.id}), which were never written, and other bytes that were written are never read.`,
      because: { text: 'No store to them was seen.' },
      origin,
      buffer,
    })
  }

  /** Whether the bytes are written or read as those of another buffer, or of a memfd. */
  #isUsedElsewhere(buffer: BufferId, range: Range): boolean {
    return this.#history.neighbours(buffer, range).some((other) => {
      const { written, read } = this.#of(other.buffer)
      const theirs = { start: range.start - other.shift, end: range.end - other.shift }
      return written.meets(theirs) || read.meets(theirs)
    })
  }

  #released({ buffer, id }: ReleaseEvent): void {
    const content = this.#contents.get(buffer)
    this.#contents.delete(buffer)
    if (content?.stored === undefined || content.isRead) return
    const { event, origin } = content.stored
    const kind = this.#kindOf(buffer)
    const other = this.#deviceReads.get(kind)
    if (other === undefined || other.buffer === buffer || other.id < event.id) return
    const lost = (this.#lost.get(kind) ?? 0) + 1
    this.#lost.set(kind, lost)
    if (lost < LOST_TWICE) return
    this.#out.lint({
      rule: 'never-read',
      event,
      message: `${agentName(event.agent)} stores to buffer ${buffer} (event ${event.id}), which is released (event ${id}) without ever being read, while ${other.device} reads the stale buffer ${other.buffer} of the same size (event ${other.id}).`,
      because: { text: 'No read of it was seen.' },
      origin,
      buffer,
    })
  }

  #kindOf(buffer: BufferId): string {
    const { exporter, size } = this.#history.buffer(buffer)
    return `${exporter} ${size}`
  }
}
