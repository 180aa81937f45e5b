/** A custom exporter, as a driver's author writes it: pages, one mapping an attachment, hooks. */
import type {
  Attachment,
  DmaBuf,
  DmaBufOps,
  DmaMapping,
  Driver,
  DriverContext,
  KernelMemory,
} from 'dmabuf/driver'

/** The exporter's data of a buffer. */
export interface Exported {
  readonly pages: KernelMemory
  readonly mapped: Set<DmaMapping>
}

export interface PageExporterOptions {
  readonly name?: string
  /** Replaces operations, to break them. */
  readonly broken?: (context: DriverContext, ops: DmaBufOps) => Partial<DmaBufOps>
  readonly allocate?: (
    context: DriverContext,
    good: (length: number) => DmaBuf,
    length: number,
  ) => DmaBuf | Promise<DmaBuf>
}

/** A heap /dev/dma_heap/pages of scattered pages, synced as they must be. */
export function pageExporter({
  name = 'pages',
  broken,
  allocate,
}: PageExporterOptions = {}): Driver {
  return {
    name,
    probe(context) {
      const good = (length: number): DmaBuf => exportPages(context, length, broken)
      context.dmaHeapAdd({
        name,
        allocate: (length) =>
          allocate === undefined ? good(length) : allocate(context, good, length),
      })
    },
  }
}

export function exportPages(
  context: DriverContext,
  length: number,
  broken?: PageExporterOptions['broken'],
): DmaBuf {
  const pages = context.allocPages(length, { zero: true })
  const priv: Exported = { pages, mapped: new Set() }
  const ops = pageOps(context)
  try {
    return context.dmaBufExport({
      size: length,
      priv,
      flags: 2,
      ops: { ...ops, ...broken?.(context, ops) },
    })
  } catch (error) {
    context.freePages(pages)
    throw error
  }
}

export function pageOps(context: DriverContext): DmaBufOps {
  const { dma } = context
  return {
    mapDmaBuf(attachment: Attachment, direction) {
      const { pages, mapped } = of(attachment.buffer)
      const table = context.sgAllocTableFromPages(pages)
      const mapping = dma.mapSgtable(attachment.device, table, direction)
      mapped.add(mapping)
      return mapping
    },
    unmapDmaBuf(attachment, mapping, direction) {
      of(attachment.buffer).mapped.delete(mapping)
      dma.unmapSgtable(mapping, direction)
    },
    beginCpuAccess(buffer) {
      for (const mapping of of(buffer).mapped) dma.syncSgtableForCpu(mapping, mapping.direction)
    },
    endCpuAccess(buffer) {
      for (const mapping of of(buffer).mapped) dma.syncSgtableForDevice(mapping, mapping.direction)
    },
    mmap: (buffer, offset, length) => context.remapPages(of(buffer).pages, offset, length),
    vmap: (buffer) => context.remapPages(of(buffer).pages, 0, of(buffer).pages.size),
    release: (buffer) => context.freePages(of(buffer).pages),
  }
}

function of(buffer: DmaBuf): Exported {
  return buffer.priv as Exported
}
