import type { BufferId } from '../../events/event.ts'
import type { DmaMapping } from '../../kernel/dma/mapping.ts'
import type { DmaBuf } from '../../kernel/dmabuf/dma-buf.ts'

/** Memory that the camera can write a frame to: the driver's own, or a dma-buf that it imported. */
export interface FrameMemory {
  /** How the camera reaches it; alive until `release`. */
  readonly mapping: DmaMapping
  /**
   * The numbers by which events name these bytes: memory that was exported twice has three. Dma-bufs come
   * first, since programs know those.
   */
  readonly ids: readonly BufferId[]
  /** Gives up the camera's use of it. Once only; does not sleep. */
  release(): void
}

/** A dma-buf that is attached and mapped for the camera. */
export interface ImportedMemory extends FrameMemory {
  readonly buffer: DmaBuf
}
