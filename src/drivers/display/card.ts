import type { DmaLayer } from '../../dma/dma-layer.ts'
import type { DmaBufCore } from '../../dmabuf/core.ts'
import type { DeviceJobs } from '../../dmabuf/device-job.ts'
import type { Machine } from '../../machine/machine.ts'
import type { DrmModeModeinfo } from '../../uapi/drm-mode.ts'
import type { Client } from './client.ts'
import { Crtc } from './crtc.ts'
import { Framebuffers } from './framebuffers.ts'
import { GemObjects } from './gem-objects.ts'
import { Scanout, type ScanoutOptions } from './scanout.ts'

/** The ids of the card's fixed objects; framebuffers come after. 31 properties come before, as usual. */
export const CRTC_ID = 32
export const ENCODER_ID = 33
export const CONNECTOR_ID = 34
const FIRST_FRAMEBUFFER_ID = 35

/** What all files of the device share (struct drm_device). */
export class Card {
  readonly machine: Machine
  readonly core: DmaBufCore
  readonly objects: GemObjects
  readonly framebuffers: Framebuffers
  readonly crtc: Crtc
  readonly mode: DrmModeModeinfo
  /** The one that may change what is shown: the first to open while there is none. */
  master: Client | undefined
  #opened = 0

  constructor(
    parts: { machine: Machine; dma: DmaLayer; core: DmaBufCore; jobs: DeviceJobs },
    mode: DrmModeModeinfo,
    options: ScanoutOptions,
  ) {
    const { machine, dma, core, jobs } = parts
    this.machine = machine
    this.core = core
    this.mode = mode
    this.objects = new GemObjects(machine, dma, core)
    this.framebuffers = new Framebuffers(this.objects, FIRST_FRAMEBUFFER_ID)
    const scanout = new Scanout(machine, jobs, this.framebuffers, options)
    this.crtc = new Crtc(CRTC_ID, machine.scheduler, scanout)
  }

  /** A number for the next open file. */
  nextFile(): number {
    this.#opened++
    return this.#opened
  }
}
