import type { DriverName, EventId, EventOrigin } from '../../events/event.ts'
import type { Reservation } from '../fence/reservation.ts'
import { AttachmentList } from './attachment-list.ts'
import type { DmaBufOps } from './ops.ts'
import type { Vmapped } from './vmaps.ts'

/** The parts of a buffer; see ExportInfo. */
export interface DmaBufInit {
  readonly size: number
  readonly exporter: string
  readonly driver: DriverName
  readonly ops: DmaBufOps
  readonly priv: unknown
  readonly flags: number
  readonly resv: Reservation
  readonly origin: EventOrigin | undefined
}

/** A shared buffer as the core keeps it (struct dma_buf). Made by `DmaBufCore.export` alone. */
export class DmaBuf {
  /** The inode number: 1 for the first buffer, one more for each. */
  readonly inode: number
  /** In bytes, as exported; mapping counts whole pages only. */
  readonly size: number
  readonly exporter: string
  /** The driver whose operations these are. */
  readonly driver: DriverName
  readonly ops: DmaBufOps
  /** The exporter's own data. */
  readonly priv: unknown
  /** Of its file: an access mode and O_NONBLOCK. */
  readonly flags: number
  readonly resv: Reservation
  /** Set with DMA_BUF_SET_NAME; at most 31 bytes. */
  name: string | undefined
  readonly attachments: AttachmentList = new AttachmentList()
  /** The kernel's mapping of it and how often it was asked for. */
  vmapped: Vmapped | undefined
  /** References to its file: descriptors of every process, importers, mappings. */
  references = 1
  /**
   * Of those, references that keep its memory and not its file, which the kernel does not count.
   */
  uncounted = 0
  released = false
  /** Which line exported it. */
  readonly origin: EventOrigin | undefined
  /** The event of its export. */
  exported: EventId = 0

  constructor(inode: number, init: DmaBufInit) {
    this.inode = inode
    this.size = init.size
    this.exporter = init.exporter
    this.driver = init.driver
    this.ops = init.ops
    this.priv = init.priv
    this.flags = init.flags
    this.resv = init.resv
    this.origin = init.origin
  }

  /** Whether the storage may move while it is not pinned (dma_buf_is_dynamic). */
  get isDynamic(): boolean {
    return this.ops.pin !== undefined
  }
}
