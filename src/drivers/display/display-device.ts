import type { DmaLayer } from '../../kernel/dma/dma-layer.ts'
import type { DmaBufCore } from '../../kernel/dmabuf/core.ts'
import type { DeviceJobs } from '../../kernel/dmabuf/device-job.ts'
import type { DeviceNode, OpenFile } from '../../kernel/dmabuf/file.ts'
import type { ImportMapping } from '../../kernel/dmabuf/import-mapping.ts'
import { DRIVER } from '../../kernel/drm/gem-parts.ts'
import type { Machine } from '../../machine/machine.ts'
import { Card } from './card.ts'
import { DisplayFile } from './display-file.ts'
import { keptMode, preferredMode } from './mode.ts'
import { DISPLAY_NAME } from './scanout-memory.ts'
import type { OnFrame } from './shown-frame.ts'

export interface DisplayOptions {
  /** Pixels of the mode that the screen prefers; 640 by 360. */
  readonly width?: number | undefined
  readonly height?: number | undefined
  /** Pictures a second; 60. */
  readonly refresh?: number | undefined
  /** In how many bands the beam reads a picture; 8. */
  readonly bands?: number | undefined
  /** When imported buffers are mapped; `kept` when left out. */
  readonly imports?: ImportMapping | undefined
  /** Called with every whole picture. */
  readonly onFrame?: OnFrame | undefined
}

/**
 * A display card with one screen, as a DRM driver with kernel mode setting shows it: dumb buffers, PRIME,
 * framebuffers in XR24, YU12, NV12 and YUYV, page flips with events. Its engine is the device `display`; it
 * reads the picture from memory for as long as it is on.
 */
export class DisplayDevice implements DeviceNode {
  readonly path = '/dev/dri/card0'
  readonly #card: Card

  constructor(
    machine: Machine,
    dma: DmaLayer,
    core: DmaBufCore,
    jobs: DeviceJobs,
    options: DisplayOptions = {},
  ) {
    const { width = 640, height = 360, refresh = 60, bands = 8, imports, onFrame } = options
    const mode = keptMode(preferredMode(width, height, refresh))
    // As DRM drivers that import PRIME buffers do: the beam follows segments of any length.
    dma.devices.set(DISPLAY_NAME, { maxSegmentSize: 2 ** 32 - 1, driver: DRIVER })
    this.#card = new Card({ machine, dma, core, jobs, imports }, mode, { bands, onFrame })
  }

  /** Does not fail. The first to open the card is master: only it may set modes and flip. */
  open(flags: number): OpenFile {
    return new DisplayFile(this.path, flags, this.#card)
  }
}
