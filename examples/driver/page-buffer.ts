/** An exporter: buffers of the kernel's pages, which devices map and processes mmap. */
import type {
  DmaBuf,
  DmaBufOps,
  DmaDirection,
  DmaMapping,
  DriverContext,
  KernelMemory,
} from 'dmabuf/driver'

/** The exporter's private data of a buffer. */
interface PageBuffer {
  readonly pages: KernelMemory
  /** The current device mappings. */
  readonly mappings: Set<DmaMapping>
}

function pageBufferOf(buffer: DmaBuf): PageBuffer {
  return buffer.priv as PageBuffer
}

/** A buffer of `size` bytes, zeroed, with one reference that the caller owns. ENOMEM, EINVAL. */
export function exportPages(context: DriverContext, size: number, flags: number): DmaBuf {
  const pages = context.allocPages(size, { zero: true, contiguous: true, what: 'page buffer' })
  const priv: PageBuffer = { pages, mappings: new Set() }
  try {
    return context.dmaBufExport({ size: pages.size, flags, priv, ops: pageOps(context) })
  } catch (error) {
    context.freePages(pages)
    throw error
  }
}

function pageOps(context: DriverContext): DmaBufOps {
  const { dma } = context
  return {
    mapDmaBuf({ buffer, device }, direction) {
      const { pages, mappings } = pageBufferOf(buffer)
      const table = context.sgAllocTableFromPages(pages)
      const mapping = dma.mapSgtable(device, table, kept(direction))
      mappings.add(mapping)
      return mapping
    },
    unmapDmaBuf({ buffer }, mapping) {
      pageBufferOf(buffer).mappings.delete(mapping)
      dma.unmapSgtable(mapping, mapping.direction)
    },
    beginCpuAccess(buffer) {
      for (const mapping of pageBufferOf(buffer).mappings) {
        dma.syncSgtableForCpu(mapping, mapping.direction)
      }
    },
    endCpuAccess(buffer) {
      for (const mapping of pageBufferOf(buffer).mappings) {
        dma.syncSgtableForDevice(mapping, mapping.direction)
      }
    },
    mmap(buffer, offset, length) {
      return context.remapPages(pageBufferOf(buffer).pages, offset, length)
    },
    vmap(buffer) {
      return context.remapPages(pageBufferOf(buffer).pages, 0, buffer.size)
    },
    release(buffer) {
      context.freePages(pageBufferOf(buffer).pages)
    },
  }
}

/** A device need not write every byte. The CPU's stores to the others must survive. */
function kept(direction: DmaDirection): DmaDirection {
  return direction === 'from-device' ? 'bidirectional' : direction
}
