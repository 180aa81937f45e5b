import { KernelError } from '../../machine/kernel-error.ts'
import type { Machine } from '../../machine/machine.ts'
import { Mutex } from '../../machine/mutex.ts'
import type { DmaBufCore } from '../dmabuf/core.ts'
import { GemHandles } from './gem-handles.ts'
import type { GemObjects } from './gem-objects.ts'

/** Features of a device (enum drm_driver_feature, and whether it counts vertical blanks). */
export type DrmFeature = 'modeset' | 'atomic' | 'vblank' | 'syncobj'

/** The state that all files of any DRM device share (struct drm_device). */
export interface DrmCard {
  readonly machine: Machine
  readonly core: DmaBufCore
  readonly objects: GemObjects
  /** The master, which may change the picture: the first file to open while there is none. */
  master: DrmClient | undefined
}

/** The state of one open file of a device (struct drm_file). */
export class DrmClient<C extends DrmCard = DrmCard> {
  readonly card: C
  readonly handles: GemHandles
  /** One import or export at a time (drm_prime_file_private.lock). */
  readonly primeLock: Mutex
  #released = false

  constructor(card: C) {
    this.card = card
    this.handles = new GemHandles(card.machine, card.objects)
    this.primeLock = new Mutex(card.machine.scheduler, 'imports and exports of a drm file')
    card.master ??= this
  }

  /** EBADF once the file is gone: it was closed while a call on it slept. */
  requireOpen(): void {
    if (this.#released) throw new KernelError('EBADF', 'the device was closed during the call')
  }

  /** Takes the handles back. */
  release(): void {
    this.#released = true
    const { card } = this
    if (card.master === this) card.master = undefined
    this.handles.closeAll()
  }
}
