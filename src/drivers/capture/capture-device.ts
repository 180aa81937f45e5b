/**
 * A simulated camera, /dev/video0: single-planar V4L2 capture by streaming, like a driver on
 * videobuf2, into its own memory or imported dma-bufs.
 */

import type { DmaLayer } from '../../kernel/dma/dma-layer.ts'
import type { DmaBufCore } from '../../kernel/dmabuf/core.ts'
import type { DeviceJobs } from '../../kernel/dmabuf/device-job.ts'
import type { DeviceNode, OpenFile } from '../../kernel/dmabuf/file.ts'
import type { ImportMapping } from '../../kernel/dmabuf/import-mapping.ts'
import { traitsOf } from '../../machine/board.ts'
import type { Machine } from '../../machine/machine.ts'
import { Mutex } from '../../machine/mutex.ts'
import type { FrameSource } from '../../media/source.ts'
import { DEFAULT_RELEASE, type LinuxRelease, linuxRelease } from '../../syscalls/kernel-release.ts'
import { CaptureFile } from './capture-file.ts'
import { DRIVER, deviceName, devicePath } from './context.ts'
import type { DeviceState } from './device-state.ts'
import { captureFormats, nearestFormat } from './format.ts'
import { CaptureQueue } from './queue.ts'

/** The pictures of a camera, and their interval. */
export interface CaptureOptions {
  readonly source: FrameSource
  /** Virtual nanoseconds between two frames; 30 frames per second unless given. */
  readonly frameInterval?: number | undefined
  /** When imported buffers are mapped; `kept` when left out. */
  readonly imports?: ImportMapping | undefined
  /** The kernel that QUERYCAP names; the default release when left out. */
  readonly release?: LinuxRelease | undefined
}

const THIRTIETH = 33_333_333

/** The node in /dev. It may be open several times; who has the buffers streams, others get EBUSY. */
export class CaptureDevice implements DeviceNode {
  readonly path: string = devicePath
  readonly #state: DeviceState

  constructor(
    machine: Machine,
    dma: DmaLayer,
    core: DmaBufCore,
    jobs: DeviceJobs,
    options: CaptureOptions,
  ) {
    const { source, frameInterval = THIRTIETH, imports = 'kept' } = options
    const { release = linuxRelease(DEFAULT_RELEASE) } = options
    const context = { machine, dma, core, jobs, imports }
    // vb2_dma_contig_set_max_seg_size: the engine takes segments of any length.
    dma.devices.set(deviceName, { maxSegmentSize: 2 ** 32 - 1, driver: DRIVER })
    const steps = traitsOf(machine.board, deviceName)
    const lock = new Mutex(machine.scheduler, devicePath)
    this.#state = {
      context,
      lock,
      queue: new CaptureQueue(context, lock, { source, frameInterval }),
      size: source,
      steps,
      version: release.code,
      format: nearestFormat(source, captureFormats[0]?.fourcc ?? 0, steps),
      owner: undefined,
    }
  }

  /** Never fails and does not sleep. */
  open(flags: number): OpenFile {
    return new CaptureFile(this.#state, flags)
  }
}
