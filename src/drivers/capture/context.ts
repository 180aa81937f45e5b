import type { DmaLayer } from '../../kernel/dma/dma-layer.ts'
import type { DmaBufCore } from '../../kernel/dmabuf/core.ts'
import type { DeviceJobs } from '../../kernel/dmabuf/device-job.ts'
import type { ImportMapping } from '../../kernel/dmabuf/import-mapping.ts'
import type { Machine } from '../../machine/machine.ts'

/** The camera's name on the board, in attachments and in events. */
export const deviceName = 'camera'
/** The camera's driver, as events name it. */
export const DRIVER = { name: 'camera driver', modelled: true } as const
/** The camera's node in /dev. */
export const devicePath = '/dev/video0'

/** The parts of the kernel that the camera driver works with. */
export interface CaptureContext {
  readonly machine: Machine
  readonly dma: DmaLayer
  readonly core: DmaBufCore
  readonly jobs: DeviceJobs
  /** When imported buffers are mapped: while the queue has them with `per-use`. */
  readonly imports: ImportMapping
}
