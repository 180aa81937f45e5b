import type { DmaMapping } from '../../dma/mapping.ts'
import type { DmaBuf } from '../../dmabuf/dma-buf.ts'

/** Memory that the camera can write a frame to: its own, or a dma-buf that it imported. */
export interface FrameMemory {
  readonly buffer: DmaBuf
  /** How the camera reaches it; alive until `release`. */
  readonly mapping: DmaMapping
  /** Gives up the camera's use of it. Once only; does not sleep. */
  release(): void
}
