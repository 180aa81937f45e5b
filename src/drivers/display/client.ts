import { KernelError } from '../../machine/kernel-error.ts'
import { Mutex } from '../../machine/mutex.ts'
import type { Card } from './card.ts'
import { FlipEvents } from './flip-events.ts'
import type { Framebuffer } from './framebuffer.ts'
import { GemHandles } from './gem-handles.ts'

/** What one open file of the device has (struct drm_file). */
export class Client {
  readonly card: Card
  readonly handles: GemHandles
  readonly events: FlipEvents = new FlipEvents()
  /** Newest first. */
  readonly framebuffers: Framebuffer[] = []
  /** One import or export at a time (drm_prime_file_private.lock). */
  readonly primeLock: Mutex
  #released = false

  constructor(card: Card) {
    this.card = card
    const file = card.nextFile()
    this.handles = new GemHandles(file, card.machine.events, card.objects)
    this.primeLock = new Mutex(card.machine.scheduler, `drm file ${file}`)
    card.master ??= this
  }

  /** EBADF once the file is gone: it was closed while a call on it slept. */
  requireOpen(): void {
    if (this.#released) throw new KernelError('EBADF', 'the device was closed during the call')
  }

  /** Takes everything back: framebuffers (what shows one is turned off), handles, events. */
  release(): void {
    this.#released = true
    const { card } = this
    if (card.master === this) card.master = undefined
    for (const framebuffer of this.framebuffers.splice(0)) {
      if (card.crtc.shows(framebuffer)) card.crtc.turnOff()
      card.framebuffers.forget(framebuffer)
    }
    this.handles.closeAll()
    this.events.close()
  }
}
