import type { Calls } from './calls.ts'
import { drainAll } from './dispose.ts'
import { disableCrtc, pageFlip, setCrtc } from './drm-calls.ts'
import type { EventReader } from './drm-event.ts'
import { chooseMode } from './drm-mode-choice.ts'
import { type DrmOutput, firstOutput } from './drm-output.ts'
import type { HeldFd } from './held-fd.ts'
import { type PictureLayout, strideOf } from './image-format.ts'

/** A picture for the screen, and the hold that keeps its memory from being overwritten. */
export interface Picture {
  readonly framebuffer: number
  readonly layout: PictureLayout
  readonly hold?: AsyncDisposable | undefined
}

const sameShape = (a: PictureLayout, b: PictureLayout): boolean =>
  a.width === b.width &&
  a.height === b.height &&
  a.format === b.format &&
  strideOf(a) === strideOf(b)

/**
 * The picture of one CRTC: the first picture sets the mode, the next ones flip. A picture is held until
 * the flip to the next one is complete, because until then the display reads it.
 */
export class Scanout {
  readonly #fd: HeldFd
  readonly #events: EventReader
  #output: DrmOutput | undefined
  #on = false
  /** The picture on screen, and after an aborted wait the one that a flip is bringing. */
  #shown: Picture[] = []
  #flipping = false

  constructor(fd: HeldFd, events: EventReader) {
    this.#fd = fd
    this.#events = events
  }

  /** The framebuffer on screen. */
  get current(): number | undefined {
    return this.#shown.at(-1)?.framebuffer
  }

  /** Whether `picture` is on screen or about to be: its hold is then released here. */
  holds(picture: Picture): boolean {
    return this.#shown.includes(picture)
  }

  /** May sleep, until `picture` is on screen. From success or abort on it is held here. */
  async show(calls: Calls, picture: Picture, signal: AbortSignal | undefined): Promise<void> {
    await this.#settle(calls, signal)
    const before = this.#shown.at(-1)
    if (before !== undefined && sameShape(before.layout, picture.layout)) {
      await this.#flip(calls, picture, signal)
    } else await this.#set(calls, picture)
  }

  async #set(calls: Calls, picture: Picture): Promise<void> {
    this.#output ??= await firstOutput(calls, this.#fd.number)
    const { crtc, connector, modes } = this.#output
    const mode = chooseMode(modes, picture.layout.width, picture.layout.height)
    const { framebuffer } = picture
    await setCrtc(calls, this.#fd.number, { crtc, connectors: [connector], framebuffer, mode })
    this.#on = true
    this.#shown.push(picture)
    await this.#letGo(calls, 1)
  }

  async #flip(calls: Calls, picture: Picture, signal: AbortSignal | undefined): Promise<void> {
    const crtc = this.#output?.crtc ?? 0
    const { framebuffer } = picture
    await pageFlip(calls, this.#fd.number, { crtc, framebuffer, userData: framebuffer })
    this.#shown.push(picture)
    this.#flipping = true
    await this.#settle(calls, signal)
  }

  /** Waits for the pending flip, if any, and releases the picture that it replaced. */
  async #settle(calls: Calls, signal: AbortSignal | undefined): Promise<void> {
    while (this.#flipping) {
      const event = await this.#events.next(calls, signal)
      if (event.kind === 'flip') this.#flipping = false
    }
    await this.#letGo(calls, 1)
  }

  /** Disposes the holds of all pictures but the newest `kept`. */
  async #letGo(calls: Calls, kept: number): Promise<void> {
    const gone = this.#shown.splice(0, Math.max(0, this.#shown.length - kept))
    await drainAll(
      gone.map(
        ({ hold }) =>
          () =>
            calls.run(() => hold?.[Symbol.asyncDispose]()),
      ),
    )
  }

  /**
   * The last picture is read once from top to bottom before the screen goes dark: a flip to itself
   * completes when that is done.
   */
  async #lastRefresh(calls: Calls): Promise<void> {
    const picture = this.#shown.at(-1)
    const crtc = this.#output?.crtc
    if (!this.#on || picture === undefined || crtc === undefined) return
    await this.#settle(calls, undefined)
    const { framebuffer } = picture
    await pageFlip(calls, this.#fd.number, { crtc, framebuffer, userData: framebuffer })
    this.#flipping = true
    await this.#settle(calls, undefined)
  }

  /** May sleep. Shows the last picture for one refresh, and turns the CRTC off. The pictures stay held. */
  async stop(calls: Calls): Promise<void> {
    const crtc = this.#output?.crtc
    const off = this.#on && crtc !== undefined
    try {
      await drainAll([
        () => this.#lastRefresh(calls),
        () => (off ? disableCrtc(calls, this.#fd.number, crtc) : undefined),
      ])
    } finally {
      this.#on = false
      this.#flipping = false
    }
  }

  /** May sleep. Releases all pictures: the display must not read them any more. */
  async release(calls: Calls): Promise<void> {
    await this.#letGo(calls, 0)
  }
}
