/**
 * CPU access through a temporary copy, which the documentation of 2012 allows an exporter to hand out.
 *
 * The CPU maps other pages than the devices. begin_cpu_access for reading copies the devices' bytes to the CPU's pages;
 * end_cpu_access after writing copies them back. The direction is a limit: stores under an
 * access for reading stay in the copy, and bytes that an access for writing does not store are those of an older copy.
 * Without an access nothing is copied, on coherent machines too.
 *
 * The contract that follows: accesses do not overlap, and between end and begin the CPU's pages are stale.
 *
 * Origin: the kernel CPU access of dma-buf, March 2012, Documentation/dma-buf-sharing.txt of Linux 3.4. Its ranges ended
 * with Linux 4.6, so the whole buffer is copied here.
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

/** A buffer of the heap. */
interface CopiedBuffer {
  /** The devices' bytes. */
  readonly pages: KernelMemory
  /** The CPU's bytes. */
  readonly copy: KernelMemory
  /** The devices' mappings that exist. */
  readonly mappings: Set<DmaMapping>
}

/** Bytes that are copied at once. */
const PIECE = 64 * 1024

/** A heap /dev/dma_heap/`name` of such buffers. */
export function temporaryCopyHeap(name = 'temporary-copy'): Driver {
  return heapDriver('temporary-copy', name, exportBuffer)
}

/** ENOMEM, EINVAL. */
function exportBuffer({ context }: HeapParts, length: number, flags: number): DmaBuf {
  const pages = context.allocPages(length, { zero: true, what: 'buffer with a copy' })
  try {
    const copy = context.allocPages(length, { zero: true, what: 'temporary copy' })
    try {
      const priv: CopiedBuffer = { pages, copy, mappings: new Set() }
      return context.dmaBufExport({ size: pages.size, flags, priv, ops: operations(context) })
    } catch (error) {
      context.freePages(copy)
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
      const { pages, mappings } = of(buffer)
      const mapping = dma.mapSgtable(device, scattered(context, pages), direction)
      mappings.add(mapping)
      return mapping
    },
    unmapDmaBuf({ buffer }, mapping, direction) {
      of(buffer).mappings.delete(mapping)
      dma.unmapSgtable(mapping, direction)
    },
    beginCpuAccess(buffer, direction) {
      if (direction === 'to-device') return
      const { pages, copy, mappings } = of(buffer)
      for (const mapping of newestFirst(mappings)) {
        dma.syncSgtableForCpu(mapping, mapping.direction)
      }
      copyBytes(pages, copy)
    },
    endCpuAccess(buffer, direction) {
      if (direction === 'from-device') return
      const { pages, copy, mappings } = of(buffer)
      copyBytes(copy, pages)
      for (const mapping of newestFirst(mappings)) {
        dma.syncSgtableForDevice(mapping, mapping.direction)
      }
    },
    mmap: (buffer, offset, length) => context.remapPages(of(buffer).copy, offset, length),
    release(buffer) {
      const { pages, copy } = of(buffer)
      context.freePages(copy)
      context.freePages(pages)
    },
  }
}

/** The order of the system heap's list: of several bounce buffers the last that is copied back wins. */
function newestFirst(mappings: ReadonlySet<DmaMapping>): DmaMapping[] {
  return [...mappings].reverse()
}

function copyBytes(from: KernelMemory, to: KernelMemory): void {
  const piece = new Uint8Array(Math.min(PIECE, from.size))
  for (let at = 0; at < from.size; at += piece.length) {
    const part = piece.subarray(0, Math.min(piece.length, from.size - at))
    from.load(at, part)
    to.store(at, part)
  }
}

function of(buffer: DmaBuf): CopiedBuffer {
  return buffer.priv as CopiedBuffer
}
