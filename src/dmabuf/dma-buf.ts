import type { Attachment } from './attachment.ts'
import type { DmaBufOps } from './ops.ts'

/** A shared buffer as the core keeps it (struct dma_buf). Made by `DmaBufCore.export` alone. */
export class DmaBuf {
  /** The inode number: 1 for the first buffer, one more for each. */
  readonly inode: number
  /** In bytes, as exported; mapping counts whole pages only. */
  readonly size: number
  readonly exporter: string
  readonly ops: DmaBufOps
  /** The exporter's own data. */
  readonly priv: unknown
  /** Set with DMA_BUF_SET_NAME; at most 31 bytes. */
  name: string | undefined
  /** Newest first, as the kernel lists them. */
  readonly attachments: Attachment[] = []
  /** References to its file: descriptors of every process, importers, mappings. */
  references = 1
  released = false

  constructor(
    inode: number,
    info: { size: number; exporter: string; ops: DmaBufOps; priv: unknown },
  ) {
    this.inode = inode
    this.size = info.size
    this.exporter = info.exporter
    this.ops = info.ops
    this.priv = info.priv
  }
}
