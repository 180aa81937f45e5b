/**
 * Uncached system memory: pages that the CPU maps write-combining, so that no cache ever holds them.
 *
 * The exporter cleans the zeroed pages once, when it allocates them. From then on nothing is maintained: mappings for
 * devices skip the CPU sync, and a CPU access needs no SYNC. The CPU pays at each load, which misses every cache.
 *
 * The contract that follows: the pages have no cached mapping, and no device needs a bounce buffer, because a skipped
 * sync does not copy it (rules `sync-is-noop` and `unsafe-skip-hint`).
 *
 * Status: proposed as a heap `system-uncached` (2020, unverified) and not merged; debated for DRM in June 2022. In Linux
 * 6.12 the exporters of DRM map devices with DMA_ATTR_SKIP_CPU_SYNC (drm_gem_map_dma_buf).
 */
import type { DmaBuf, DmaBufOps, Driver, DriverContext, KernelMemory } from '../../driver/index.ts'
import { type HeapParts, heapDriver } from '../heap-driver.ts'
import { scattered } from '../scatter.ts'

const skipCpuSync = { skipCpuSync: true }

/** A heap /dev/dma_heap/`name` of such buffers. */
export function uncachedHeap(name = 'system-uncached'): Driver {
  return heapDriver('uncached', name, exportBuffer)
}

/** ENOMEM, EINVAL. */
function exportBuffer({ context, device }: HeapParts, length: number, flags: number): DmaBuf {
  const pages = context.allocPages(length, { zero: true, what: 'uncached buffer' })
  try {
    cleanOnce(context, device, pages)
    return context.dmaBufExport({
      ...{ size: pages.size, flags, priv: pages },
      ops: operations(context),
    })
  } catch (error) {
    context.freePages(pages)
    throw error
  }
}

/** The zeros are in the cache: a mapping for a device writes them back, and leaves no line. */
function cleanOnce(context: DriverContext, device: string, pages: KernelMemory): void {
  const { dma } = context
  const table = scattered(context, pages)
  dma.unmapSgtable(dma.mapSgtable(device, table, 'bidirectional'), 'bidirectional')
}

function operations(context: DriverContext): DmaBufOps {
  const { dma } = context
  return {
    mapDmaBuf: ({ buffer, device }, direction) =>
      dma.mapSgtable(device, scattered(context, of(buffer)), direction, skipCpuSync),
    unmapDmaBuf: (_attachment, mapping, direction) =>
      dma.unmapSgtable(mapping, direction, skipCpuSync),
    mmap: (buffer, offset, length) =>
      context.remapPages(of(buffer), offset, length, { attribute: 'write-combine' }),
    vmap: (buffer) =>
      context.remapPages(of(buffer), 0, buffer.size, { attribute: 'write-combine' }),
    release: (buffer) => context.freePages(of(buffer)),
  }
}

function of(buffer: DmaBuf): KernelMemory {
  return buffer.priv as KernelMemory
}
