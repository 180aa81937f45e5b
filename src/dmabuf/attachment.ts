import type { DmaMapping } from '../dma/mapping.ts'
import type { DmaBuf } from './dma-buf.ts'

/** One device's use of one buffer (struct dma_buf_attachment). */
export class Attachment {
  readonly id: number
  readonly buffer: DmaBuf
  readonly device: string
  /** The mappings made through it that were not unmapped. */
  readonly mappings: Set<DmaMapping> = new Set()
  /** The exporter's own data about it. */
  priv: unknown

  constructor(id: number, buffer: DmaBuf, device: string) {
    this.id = id
    this.buffer = buffer
    this.device = device
  }
}
