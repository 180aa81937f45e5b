/** Dumb buffers that a program makes again and again, and never disposes: each keeps its memory. */

import type { DmabufEvent, HandleEvent } from '../../events/event.ts'
import type { Collector } from '../collector.ts'
import type { History } from '../model/history.ts'
import { agentName } from '../words.ts'
import type { Detector } from './detector.ts'

const CREATES = 'DRM_IOCTL_MODE_CREATE_DUMB'
const SHOWS: ReadonlySet<string> = new Set([
  'DRM_IOCTL_MODE_SETCRTC',
  'DRM_IOCTL_MODE_PAGE_FLIP',
  'DRM_IOCTL_MODE_ATOMIC',
])
/** So many are alive at once in programs that show one of a few in turn. */
const USUAL = 8

/** The dumb buffers of one open file. */
interface File {
  /** Handles that are open, and whether each was made after a picture was shown. */
  readonly alive: Map<number, boolean>
  /** How many were alive when the most were: all of them, and those made after a picture. */
  most: number
  mostLate: number
  /** The one that was one too many, of all and of those made after a picture. */
  over: HandleEvent | undefined
  overLate: HandleEvent | undefined
}

/**
 * A pool is made before its first buffer is shown. Buffers that pile up are made after that, or are never
 * shown.
 */
export class DumbDetector implements Detector {
  readonly #history: History
  readonly #out: Collector
  readonly #files = new Map<number, File>()
  #wasShown = false

  constructor(history: History, out: Collector) {
    this.#history = history
    this.#out = out
  }

  after(event: DmabufEvent): void {
    if (event.kind === 'call') {
      const isShown = event.phase === 'exit' && event.result !== undefined && event.result >= 0
      if (isShown && SHOWS.has(event.name)) this.#wasShown = true
    } else if (event.kind === 'handle-open' && event.result >= 0) this.#opened(event)
    else if (event.kind === 'handle-close' && event.result >= 0) {
      this.#files.get(event.file)?.alive.delete(event.handle)
    }
  }

  #opened(event: HandleEvent): void {
    if (this.#history.calls.around(event)?.name !== CREATES) return
    const file = this.#fileOf(event)
    file.alive.set(event.handle, this.#wasShown)
    const late = [...file.alive.values()].filter((isLate) => isLate).length
    file.most = Math.max(file.most, file.alive.size)
    file.mostLate = Math.max(file.mostLate, late)
    if (file.alive.size > USUAL) file.over ??= event
    if (late > USUAL) file.overLate ??= event
  }

  #fileOf({ file: id }: HandleEvent): File {
    const known = this.#files.get(id)
    if (known !== undefined) return known
    const file: File = {
      alive: new Map(),
      most: 0,
      mostLate: 0,
      over: undefined,
      overLate: undefined,
    }
    this.#files.set(id, file)
    return file
  }

  finish(): void {
    for (const { most, mostLate, over, overLate } of this.#files.values()) {
      const event = this.#wasShown ? overLate : over
      if (event === undefined) continue
      const count = this.#wasShown ? mostLate : most
      this.#out.lint({
        rule: 'fd-leak',
        event,
        message: `${agentName(event.agent)} makes dumb buffers again and again (event ${event.id}) without disposing them: ${count} of one open device were alive at once.`,
        because: { text: `No handle of them was closed before there were ${count}.` },
        origin: event.origin,
        buffer: undefined,
        fix: 'Dispose each dumb buffer that is no longer shown (`await using`, or close()), or draw into the same two or three again.',
      })
    }
  }
}
