/**
 * Descriptors that are closed twice, used after close, or never closed; and unreachable buffers.
 */
import type {
  BufferId,
  CallEvent,
  DmabufEvent,
  FdCloseEvent,
  FdOpenEvent,
  QueueEvent,
} from '../../events/event.ts'
import type { MisuseCode } from '../../events/misuse-code.ts'
import type { Collector, Draft } from '../collector.ts'
import type { History } from '../model/history.ts'
import { UndeliveredFds } from '../model/undelivered-fds.ts'
import { agentName } from '../words.ts'
import type { Detector } from './detector.ts'

const EBADF = -9
/** Requests with a descriptor inside their argument. */
const NAMES_ANOTHER: ReadonlySet<string> = new Set([
  'DRM_IOCTL_PRIME_FD_TO_HANDLE',
  'VIDIOC_QBUF',
  'VIDIOC_PREPARE_BUF',
  'UDMABUF_CREATE',
  'UDMABUF_CREATE_LIST',
  'SYNC_IOC_MERGE',
  'DMA_BUF_IOCTL_IMPORT_SYNC_FILE',
])

const DEQUEUES = 'VIDIOC_DQBUF'

const LEAKS: ReadonlySet<MisuseCode> = new Set(['attachment-leak', 'reference-leak'])

export class DescriptorDetector implements Detector {
  readonly #history: History
  readonly #out: Collector
  /** By number. Numbers are used again and again: an entry is emptied, never deleted. */
  readonly #open = new Map<number, FdOpenEvent | undefined>()
  readonly #closed = new Map<number, FdCloseEvent>()
  readonly #undelivered = new UndeliveredFds()
  #lastClosed: FdCloseEvent | undefined
  /** Where each buffer was last taken out of a queue, if it did not go back: by the program's own call. */
  readonly #taken = new Map<BufferId, QueueEvent>()
  /** The report for a buffer that is alive after the program, unless it is still released. */
  readonly #kept = new Map<BufferId, Draft>()

  constructor(history: History, out: Collector) {
    this.#history = history
    this.#out = out
  }

  after(event: DmabufEvent): void {
    if (this.#kept.size > 0) this.#explained(event)
    this.#undelivered.observe(event)
    if (event.kind === 'fd-open') this.#open.set(event.fd, event)
    else if (event.kind === 'fd-close') {
      this.#open.set(event.fd, undefined)
      this.#closed.set(event.fd, event)
      this.#lastClosed = event
    } else if (event.kind === 'call') {
      this.#returned(event)
    } else if (event.kind === 'queue') this.#taken.delete(event.buffer)
    else if (event.kind === 'dequeue') {
      if (this.#history.calls.around(event)?.name === DEQUEUES) this.#taken.set(event.buffer, event)
    } else if (event.kind === 'release') this.#taken.delete(event.buffer)
    else if (event.kind === 'program-end' && event.how === 'returned') this.#leaks(event)
  }

  /**
   * A driver held the buffer until it was removed. It has released the buffer, or is reported
   * itself.
   */
  #explained(event: DmabufEvent): void {
    if (event.kind === 'release') this.#kept.delete(event.buffer)
    const isLeak = event.kind === 'misuse' && LEAKS.has(event.code)
    if (isLeak && event.buffer !== undefined) this.#kept.delete(event.buffer)
  }

  #returned(event: CallEvent): void {
    const { fd, result, phase, name } = event
    if (phase !== 'exit' || result !== EBADF || fd === undefined) return
    if (this.#open.get(fd) === undefined) {
      this.#misuse(event, this.#closed.get(fd), `descriptor ${fd}`)
    } else if (NAMES_ANOTHER.has(name) && this.#lastClosed !== undefined) {
      // The argument is not in the event; the descriptor closed last is the likeliest one.
      this.#misuse(event, this.#lastClosed, 'a descriptor in its argument')
    }
  }

  #misuse(event: CallEvent, closed: FdCloseEvent | undefined, which: string): void {
    const who = agentName(event.agent)
    const twice = event.name === 'close' && closed !== undefined
    const stood = closed === undefined ? '' : `, which stood for ${closed.what}`
    const state =
      closed === undefined
        ? 'that was never open'
        : `after ${agentName(closed.agent)} had closed it (event ${closed.id})`
    this.#out.report({
      rule: 'fd-misuse',
      event,
      message: twice
        ? `${who} closes ${which}${stood}, a second time (event ${event.id}), ${state}.`
        : `${who} calls ${event.name} with ${which}${stood} (event ${event.id}), ${state}.`,
      because: {
        text:
          closed === undefined
            ? 'No call ever returned this number.'
            : `The descriptor ${closed.fd} was closed at event ${closed.id}.`,
        event: closed?.id,
        origin: closed?.origin,
      },
      origin: event.origin,
      related: [{ label: 'it was closed here', origin: closed?.origin }],
      buffer: closed?.buffer,
    })
  }

  #leaks(event: DmabufEvent): void {
    const open = [...this.#open.values()].filter((entry) => entry !== undefined)
    const left = open.filter(({ from }) => from !== 'elsewhere')
    const told = left.filter(({ fd }) => !this.#undelivered.has(fd))
    const devices = told.some(({ buffer }) => buffer === undefined)
    for (const entry of told) {
      // An open device still has its buffers, in a queue or on the screen: the device was not
      // closed.
      if (devices && entry.buffer !== undefined && this.#isInUse(entry.buffer)) continue
      const taken = entry.buffer === undefined ? undefined : this.#taken.get(entry.buffer)
      if (taken !== undefined) {
        this.#out.report(notGivenBack(taken, entry, event))
        continue
      }
      const what = entry.buffer === undefined ? entry.what : `buffer ${entry.buffer}`
      this.#out.report({
        rule: 'fd-leak',
        event: entry,
        message: `${agentName(entry.agent)} opened descriptor ${entry.fd} for ${what} (event ${entry.id}), and it is still open when the program ends.`,
        because: { text: `No close of descriptor ${entry.fd} was seen.` },
        origin: entry.origin,
        buffer: entry.buffer,
      })
    }
    if (told.length > 0 || this.#history.shown === 'calls') return
    this.#leakedBuffers(event, new Set(left.map(({ buffer }) => buffer)))
  }

  #isInUse(buffer: BufferId): boolean {
    const { owners, jobs } = this.#history.buffer(buffer)
    return owners.size > 0 || jobs.size > 0
  }

  /** The holder of a buffer without a descriptor is reported by other rules, where they know it. */
  #leakedBuffers(event: DmabufEvent, held: ReadonlySet<BufferId | undefined>): void {
    for (const { exported, released, id, cpuMaps, exporter } of this.#history.buffers) {
      if (exported === undefined || released || cpuMaps.size > 0 || held.has(id)) continue
      this.#kept.set(id, {
        rule: 'fd-leak',
        event,
        message: `buffer ${id}, which ${exporter} exported at event ${exported.id}, is still alive when the program ends although no descriptor is open.`,
        because: { text: 'No release of the buffer was seen.' },
        origin: exported.origin,
        buffer: id,
      })
    }
  }

  finish(): void {
    for (const draft of this.#kept.values()) this.#out.report(draft)
    this.#kept.clear()
  }
}

/** A frame that was never released: its stream is over, and keeps the buffer for it. */
function notGivenBack(taken: QueueEvent, opened: FdOpenEvent, end: DmabufEvent): Draft {
  return {
    rule: 'fd-leak',
    event: taken,
    message: `${agentName(taken.agent)} took buffer ${taken.buffer} from ${taken.device} (event ${taken.id}) and never returned it, and its descriptor ${opened.fd} is still open when the program ends (event ${end.id}).`,
    because: {
      text: `The buffer was taken at event ${taken.id}, and neither queued again nor closed.`,
      event: taken.id,
      origin: taken.origin,
    },
    origin: taken.origin ?? opened.origin,
    related: [{ label: 'the descriptor was opened here', origin: opened.origin }],
    buffer: taken.buffer,
    fix: 'Dispose each frame when it is no longer used (`for await (await using frame of camera.frames())`): with the last reference the buffer goes back, and the camera closes it. Your own buffer is closed where it was opened.',
  }
}
