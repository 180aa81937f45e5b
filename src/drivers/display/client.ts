import { DrmClient } from '../../kernel/drm/drm-client.ts'
import type { Card } from './card.ts'
import { FlipEvents } from './flip-events.ts'
import type { Framebuffer } from './framebuffer.ts'

/** The state of one open file of the display. */
export class Client extends DrmClient<Card> {
  readonly events: FlipEvents = new FlipEvents()
  /** Newest first. */
  readonly framebuffers: Framebuffer[] = []

  /**
   * Releases everything: framebuffers (a display that shows one is turned off), handles, events.
   */
  override release(): void {
    const { card } = this
    for (const framebuffer of this.framebuffers.splice(0)) {
      if (card.crtc.shows(framebuffer)) card.crtc.turnOff()
      card.framebuffers.forget(framebuffer)
    }
    super.release()
    this.events.close()
  }
}
