import type { DmaDirection, DriverName, EventOrigin } from '../../events/event.ts'
import type { DmaMapping } from '../dma/mapping.ts'
import type { DmaBuf } from './dma-buf.ts'
import { KERNEL } from './misuse.ts'
import type { ImporterOps } from './ops.ts'

/** Who attaches: a dynamic importer brings operations. */
export interface Importer {
  readonly driver?: DriverName | undefined
  readonly ops?: ImporterOps | undefined
  /** The importer's own data about the attachment. */
  readonly priv?: unknown
}

/** One device's use of one buffer (struct dma_buf_attachment). */
export class Attachment {
  readonly id: number
  readonly buffer: DmaBuf
  readonly device: string
  /** The driver that attached. */
  readonly driver: DriverName
  readonly importerOps: ImporterOps | undefined
  readonly importerPriv: unknown
  /** The mappings made through it that were not unmapped. */
  readonly mappings: Set<DmaMapping> = new Set()
  /** The mapping that every map gets, and its direction, where one is kept. */
  cached: { readonly mapping: DmaMapping; readonly direction: DmaDirection } | undefined
  /** The line that attached. */
  readonly origin: EventOrigin | undefined
  /** Detaching ends it for good. */
  detached = false
  /** The exporter's own data about it. */
  priv: unknown

  constructor(
    id: number,
    buffer: DmaBuf,
    device: string,
    importer: Importer & { readonly origin?: EventOrigin | undefined } = {},
  ) {
    this.id = id
    this.buffer = buffer
    this.device = device
    this.driver = importer.driver ?? KERNEL
    this.importerOps = importer.ops
    this.importerPriv = importer.priv
    this.origin = importer.origin
  }

  /** Whether the importer copes with moves (dma_buf_attachment_is_dynamic). */
  get isDynamic(): boolean {
    return this.importerOps !== undefined
  }

  /** Whether the device may be given memory of another device. */
  get peer2peer(): boolean {
    return this.importerOps?.allowPeer2peer ?? false
  }
}
