import type { DrmModeModeinfo } from '../../abi/drm-mode.ts'
import type { DmaBufCore } from '../../kernel/dmabuf/core.ts'
import type { DeviceJobs } from '../../kernel/dmabuf/device-job.ts'
import type { DrmCard, DrmClient } from '../../kernel/drm/drm-client.ts'
import { GemObjects } from '../../kernel/drm/gem-objects.ts'
import type { GemParts } from '../../kernel/drm/gem-parts.ts'
import type { Machine } from '../../machine/machine.ts'
import { Crtc } from './crtc.ts'
import { Framebuffers } from './framebuffers.ts'
import { HeldPictures } from './held-pictures.ts'
import { Scanout, type ScanoutOptions } from './scanout.ts'
import { scanoutMemory } from './scanout-memory.ts'

/** The ids of the card's fixed objects; framebuffers come after. 31 properties come before, as usual. */
export const CRTC_ID = 32
export const ENCODER_ID = 33
export const CONNECTOR_ID = 34
const FIRST_FRAMEBUFFER_ID = 35

/** The state that all files of the display share (struct drm_device). */
export class Card implements DrmCard {
  readonly machine: Machine
  readonly core: DmaBufCore
  readonly objects: GemObjects
  readonly framebuffers: Framebuffers
  readonly crtc: Crtc
  readonly mode: DrmModeModeinfo
  master: DrmClient | undefined

  constructor(
    parts: GemParts & { readonly jobs: DeviceJobs },
    mode: DrmModeModeinfo,
    options: ScanoutOptions,
  ) {
    const { machine, core, dma, jobs } = parts
    this.machine = machine
    this.core = core
    this.mode = mode
    this.objects = new GemObjects(parts, scanoutMemory(parts))
    this.framebuffers = new Framebuffers(this.objects, FIRST_FRAMEBUFFER_ID)
    const held = new HeldPictures(machine, dma)
    const scanout = new Scanout({ machine, jobs, framebuffers: this.framebuffers, held }, options)
    this.crtc = new Crtc(CRTC_ID, machine.scheduler, scanout)
  }
}
