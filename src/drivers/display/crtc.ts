/**
 * The card's one CRTC: which mode and framebuffer it shows, and changing that.
 * Source: drm_atomic_helper_set_config and drm_atomic_helper_page_flip of Linux 6.12.
 */

import type { DrmModeModeinfo } from '../../abi/drm-mode.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import type { Scheduler } from '../../machine/scheduler.ts'
import type { Framebuffer } from './framebuffer.ts'
import { isSameTiming, timingOf } from './mode.ts'
import type { Scanout } from './scanout.ts'
import type { View } from './view.ts'

export class Crtc {
  readonly id: number
  readonly #scheduler: Scheduler
  readonly #scanout: Scanout
  #mode: DrmModeModeinfo | undefined

  constructor(id: number, scheduler: Scheduler, scanout: Scanout) {
    this.id = id
    this.#scheduler = scheduler
    this.#scanout = scanout
  }

  /** Undefined while it is off. */
  get mode(): DrmModeModeinfo | undefined {
    return this.#mode
  }

  /** The picture on screen, or the one from the next vertical blank on. */
  get view(): View | undefined {
    return this.#scanout.latest
  }

  /** May sleep, until no flip waits. EINTR. */
  async idle(signal?: AbortSignal): Promise<void> {
    const { settled } = this.#scanout
    const ready = (): boolean => !this.#scanout.isFlipping
    if (await this.#scheduler.until(settled, ready, [`crtc ${this.id}`], signal)) return
    throw new KernelError(
      'EINTR',
      'interrupted while an earlier flip waited for the vertical blank',
    )
  }

  /** May sleep: an unchanged timing takes the new view at the vertical blank, a new one starts now. */
  async show(mode: DrmModeModeinfo, view: View): Promise<void> {
    const before = this.#mode
    this.#mode = mode
    if (before === undefined || !isSameTiming(before, mode)) {
      this.#scanout.turnOn(view, timingOf(mode))
      return
    }
    this.#scanout.flip(view, () => {})
    await this.idle()
  }

  /** Shows another framebuffer at the same place from the next vertical blank on. EBUSY. */
  flip(view: View, done: (sequence: number) => void): void {
    if (this.#scanout.isFlipping) {
      throw new KernelError(
        'EBUSY',
        'the flip before this one still waits for the vertical blank: read its event first',
      )
    }
    this.#scanout.flip(view, done)
  }

  turnOff(): void {
    this.#mode = undefined
    this.#scanout.turnOff()
  }

  /** Whether `framebuffer` is the one last requested. */
  shows(framebuffer: Framebuffer): boolean {
    return this.view?.framebuffer === framebuffer
  }
}
