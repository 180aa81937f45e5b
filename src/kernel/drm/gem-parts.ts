import type { Machine } from '../../machine/machine.ts'
import type { DmaLayer } from '../dma/dma-layer.ts'
import type { DmaBufCore } from '../dmabuf/core.ts'
import type { ImportMapping } from '../dmabuf/import-mapping.ts'

/** drm_prime.c is in the module drm, which is the exporter for every device. */
export const DRIVER = { name: 'drm', modelled: true } as const

/** The parts of the kernel that buffers need. */
export interface GemParts {
  readonly machine: Machine
  readonly dma: DmaLayer
  readonly core: DmaBufCore
  /** `kept` when left out. */
  readonly imports?: ImportMapping | undefined
}
