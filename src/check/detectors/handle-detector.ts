/** PRIME handles: one number for every import of a buffer on one device file, closed exactly once. */
import type { CallEvent, DmabufEvent, HandleEvent } from '../../events/event.ts'
import type { Collector } from '../collector.ts'
import { agentName } from '../words.ts'
import type { Detector } from './detector.ts'

const ENOENT = -2
const FRAMEBUFFER = /^DRM_IOCTL_MODE_ADDFB/

interface Handle {
  readonly opened: HandleEvent
  /** How many imports returned it. */
  imports: number
  closed: HandleEvent | undefined
}

export class HandleDetector implements Detector {
  readonly #out: Collector
  /** By device file, then by number. */
  readonly #handles = new Map<number, Map<number, Handle>>()
  /** How many descriptors stand for a file: with the last, its handles go. */
  readonly #files = new Map<number, number>()
  /** How many descriptors stand for a buffer: with the last, only handles keep it. */
  readonly #buffers = new Map<number, number>()
  /** Handles that went with their device's file, and had kept a buffer until then. */
  readonly #kept: Handle[] = []
  #lastShared: Handle | undefined

  constructor(out: Collector) {
    this.#out = out
  }

  after(event: DmabufEvent): void {
    switch (event.kind) {
      case 'handle-open':
        if (event.result >= 0) this.#opened(event)
        return
      case 'handle-close':
        this.#closed(event)
        return
      case 'fd-open':
        this.#files.set(event.file, (this.#files.get(event.file) ?? 0) + 1)
        this.#countBuffer(event.buffer, 1)
        return
      case 'fd-close':
        this.#countBuffer(event.buffer, -1)
        this.#fileClosed(event.file)
        return
      case 'call':
        this.#framebuffer(event)
        return
      case 'program-end':
        if (event.how === 'returned') this.#left()
        return
      default:
        return
    }
  }

  #opened(event: HandleEvent): void {
    const handles = this.#handles.get(event.file) ?? new Map<number, Handle>()
    this.#handles.set(event.file, handles)
    const known = handles.get(event.handle)
    if (known === undefined || known.closed !== undefined) {
      handles.set(event.handle, { opened: event, imports: 1, closed: undefined })
    } else known.imports++
  }

  #closed(event: HandleEvent): void {
    const handle = this.#handles.get(event.file)?.get(event.handle)
    if (event.result >= 0) {
      if (handle === undefined) return
      handle.closed = event
      if (handle.imports > 1) this.#lastShared = handle
      return
    }
    const closed = handle?.closed
    if (closed === undefined) return
    const imports = handle?.imports ?? 1
    const why = imports > 1 ? ` for ${imports} imports of the buffer that share it` : ''
    this.#out.report({
      rule: 'handle-alias',
      event,
      message: `${agentName(event.agent)} closes PRIME handle ${event.handle}${why} a second time (event ${event.id}), after ${agentName(closed.agent)} had closed it at event ${closed.id}.`,
      because: {
        text: `The handle was closed at event ${closed.id}.`,
        event: closed.id,
        origin: closed.origin,
      },
      origin: event.origin,
      related: [
        { label: 'it was closed here', origin: closed.origin },
        { label: 'it was imported here', origin: handle?.opened.origin },
      ],
      buffer: handle?.opened.buffer,
    })
  }

  /** A framebuffer of a handle that another importer of the same buffer has closed. */
  #framebuffer(event: CallEvent): void {
    const handle = this.#lastShared
    const closed = handle?.closed
    if (handle === undefined || closed === undefined) return
    if (event.phase !== 'exit' || event.result !== ENOENT || !FRAMEBUFFER.test(event.name)) return
    this.#out.report({
      rule: 'handle-alias',
      event: closed,
      message: `${agentName(closed.agent)} closes PRIME handle ${closed.handle} (event ${closed.id}) shared by ${handle.imports} imports, and ${agentName(event.agent)} still needs it (${event.name}, event ${event.id}).`,
      because: {
        text: `The handle was closed at event ${closed.id}.`,
        event: closed.id,
        origin: closed.origin,
      },
      origin: closed.origin ?? event.origin,
      related: [{ label: 'it is used here', origin: event.origin }],
      buffer: handle.opened.buffer,
    })
  }

  #fileClosed(file: number): void {
    const left = (this.#files.get(file) ?? 1) - 1
    this.#files.set(file, left)
    if (left > 0) return
    this.#files.delete(file)
    const handles = this.#handles.get(file)
    this.#handles.delete(file)
    for (const handle of handles?.values() ?? []) {
      const { opened, closed } = handle
      const { buffer } = opened
      if (closed !== undefined || buffer === undefined) continue
      if (!this.#buffers.has(buffer)) this.#kept.push(handle)
    }
  }

  #countBuffer(buffer: number | undefined, by: 1 | -1): void {
    if (buffer === undefined) return
    const count = (this.#buffers.get(buffer) ?? 0) + by
    if (count > 0) this.#buffers.set(buffer, count)
    else this.#buffers.delete(buffer)
  }

  #left(): void {
    // The handles of a device that is still open are freed with it: the device was not closed.
    this.#neverClosed(this.#kept, 'when its device is, after every descriptor of the buffer')
  }

  #neverClosed(handles: Iterable<Handle>, when: string): void {
    for (const { opened, closed } of handles) {
      if (closed !== undefined) continue
      this.#out.report({
        rule: 'handle-alias',
        event: opened,
        message: `${agentName(opened.agent)} imported buffer ${opened.buffer} as PRIME handle ${opened.handle} (event ${opened.id}), and the handle is still open ${when}.`,
        because: { text: 'No DRM_IOCTL_GEM_CLOSE of it was seen.' },
        origin: opened.origin,
        buffer: opened.buffer,
        fix: 'Close the handle as soon as the framebuffer is made: the framebuffer holds its own reference to the buffer.',
      })
    }
  }
}
