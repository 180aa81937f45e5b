/**
 * User mappings kept coherent by shootdown: the rules for exporters that came with mmap of dma-bufs in 2012.
 *
 * A mapping begins without page table entries. The fault handler invalidates the page and puts it in; it never
 * waits for a device. map_dma_buf removes the entries from every process (unmap_mapping_range) and writes the
 * touched pages back. The next touch faults again. User space needs no SYNC. All cache maintenance goes through a
 * mapping for a device of the exporter, as in omapdrm (omap_gem_dma_sync_buffer, omap_gem_cpu_sync_page); the
 * mappings of attachments skip it.
 *
 * The contract that follows: importers map for each use, because nothing else takes pages out or writes lines
 * back (rule `import-not-renewed`); user space touches the buffer only while no device works on it (rule
 * `touched-over-dma`); and no device needs a bounce buffer, because a skipped sync does not copy it (rule
 * `bounce-not-synced`).
 *
 * Origin: the mmap patch for dma-buf of April 2012, documented in Documentation/dma-buf-sharing.txt from Linux
 * 3.5 on. The text was replaced by explicit CPU accesses (DMA_BUF_IOCTL_SYNC, Linux 4.6). All dma-bufs of that
 * time shared one address space, so that an exporter had to use its own file for the shootdown; here each buffer
 * has its own, as since Linux 5.3.
 */
import type {
  DmaBuf,
  DmaBufOps,
  DmaMapping,
  Driver,
  DriverContext,
  KernelMemory,
} from '../../driver/index.ts'
import { type HeapParts, heapDriver } from '../heap-driver.ts'
import { scattered } from '../scatter.ts'
import { TouchedPages } from './touched-pages.ts'

/** A buffer of the heap. */
interface ShootdownBuffer {
  readonly pages: KernelMemory
  /** For the exporter's device: all cache maintenance goes through it. */
  readonly own: DmaMapping
  readonly touched: TouchedPages
}

/** A heap /dev/dma_heap/`name` of such buffers. */
export function shootdownHeap(name = 'shootdown'): Driver {
  return heapDriver('shootdown', name, exportBuffer)
}

/** ENOMEM, EINVAL. */
function exportBuffer({ context, device }: HeapParts, length: number, flags: number): DmaBuf {
  const pages = context.allocPages(length, { zero: true, what: 'shootdown buffer' })
  try {
    const table = scattered(context, pages)
    const own = context.dma.mapSgtable(device, table, 'bidirectional')
    const priv: ShootdownBuffer = { pages, own, touched: new TouchedPages() }
    try {
      return context.dmaBufExport({ size: pages.size, flags, priv, ops: operations(context) })
    } catch (error) {
      context.dma.unmapSgtable(own, own.direction)
      throw error
    }
  } catch (error) {
    context.freePages(pages)
    throw error
  }
}

function operations(context: DriverContext): DmaBufOps {
  const { dma } = context
  return {
    mapDmaBuf({ buffer, device }, direction) {
      const { pages, own, touched } = of(buffer)
      context.unmapMappingRange(buffer)
      for (const { start, end } of touched.take()) {
        dma.syncSingleRangeForDevice(own, start, end - start, own.direction)
      }
      const table = scattered(context, pages)
      return dma.mapSgtable(device, table, direction, { skipCpuSync: true })
    },
    unmapDmaBuf(_attachment, mapping, direction) {
      dma.unmapSgtable(mapping, direction, { skipCpuSync: true })
    },
    mmap(buffer, offset, length) {
      const { pages, own, touched } = of(buffer)
      return context.remapPages(pages, offset, length, {
        fault: (range) => {
          dma.syncSingleRangeForCpu(own, range.start, range.end - range.start, own.direction)
          touched.add(range)
        },
      })
    },
    release(buffer) {
      const { pages, own } = of(buffer)
      dma.unmapSgtable(own, own.direction)
      context.freePages(pages)
    },
  }
}

function of(buffer: DmaBuf): ShootdownBuffer {
  return buffer.priv as ShootdownBuffer
}
