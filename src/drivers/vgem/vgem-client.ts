import { DrmClient } from '../../kernel/drm/drm-client.ts'
import type { VgemCard } from './vgem-card.ts'
import { VgemFences } from './vgem-fences.ts'

/** The state of one open file of vgem. */
export class VgemClient extends DrmClient<VgemCard> {
  readonly fences: VgemFences

  constructor(card: VgemCard) {
    super(card)
    this.fences = new VgemFences(card.machine, card.core.fences)
  }

  /** Signals the fences that are left, and takes the handles back. */
  override release(): void {
    this.fences.close()
    super.release()
  }
}
