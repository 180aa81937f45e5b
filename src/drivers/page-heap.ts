/**
 * Heaps of pages: the system heap and the heap of contiguous memory, whose dma-bufs do the same.
 *
 * Pages are zeroed through the cache; at CPU access every mapped attachment is synced, with the direction
 * that the caller gave. With nothing mapped, a CPU access does nothing at all.
 * Source: drivers/dma-buf/heaps/system_heap.c and cma_heap.c of Linux 6.12.
 */

import { O_RDWR, PAGE_SIZE } from '../abi/fcntl.ts'
import type { DriverName } from '../events/event.ts'
import { zeroPages } from '../kernel/dma/coherent.ts'
import type { DmaLayer } from '../kernel/dma/dma-layer.ts'
import type { DmaMapping } from '../kernel/dma/mapping.ts'
import { tableOf } from '../kernel/dma/sg-table.ts'
import type { DmaBufCore } from '../kernel/dmabuf/core.ts'
import type { DmaBuf } from '../kernel/dmabuf/dma-buf.ts'
import type { CpuPages, DmaBufOps } from '../kernel/dmabuf/ops.ts'
import { KernelError } from '../machine/kernel-error.ts'
import type { Machine } from '../machine/machine.ts'
import type { FrameRequest } from '../machine/ram.ts'
import type { Storage } from '../machine/storage.ts'

/** The properties of one heap of pages. */
export interface PageHeapKind {
  /** The node's name under /dev/dma_heap, and `exp_name` of its buffers (dma_heap_get_name). */
  readonly name: string
  readonly driver: DriverName
  readonly frames: FrameRequest
  /** How many bytes a process may map MAP_PRIVATE. */
  readonly longestPrivate: number
}

/** Pieces of 1 MiB, 64 KiB and 4 KiB. remap_pfn_range, once a page: a private mapping is remapped whole. */
export const systemHeap: PageHeapKind = {
  name: 'system',
  driver: { name: 'system heap', modelled: true },
  frames: {},
  longestPrivate: PAGE_SIZE,
}

/** One piece of the CMA region, for devices that take no other. cma_heap_mmap refuses private mappings. */
export function cmaHeap(name: string): PageHeapKind {
  const driver = { name: 'cma heap', modelled: true } as const
  return { name, driver, frames: { area: 'cma' }, longestPrivate: 0 }
}

export class PageHeap {
  readonly #machine: Machine
  readonly #dma: DmaLayer
  readonly #core: DmaBufCore
  readonly #kind: PageHeapKind
  readonly #ops: DmaBufOps

  constructor(machine: Machine, dma: DmaLayer, core: DmaBufCore, kind: PageHeapKind = systemHeap) {
    this.#machine = machine
    this.#dma = dma
    this.#core = core
    this.#kind = kind
    this.#ops = this.#heapOps()
  }

  get name(): string {
    return this.#kind.name
  }

  /** A buffer of `length` bytes rounded up to pages. EINVAL for none, ENOMEM when memory is full. */
  allocate(length: number): DmaBuf {
    const size = Math.ceil(length / PAGE_SIZE) * PAGE_SIZE
    if (!(size > 0)) throw new KernelError('EINVAL', `len is ${length}: nothing to allocate`)
    const storage = this.#machine.ram.allocate(size, this.#kind.frames)
    if (storage === undefined) throw this.#noMemory(size)
    const buffer = this.#export(storage, size)
    storage.buffer = buffer.inode
    zeroPages(this.#machine, storage, { driver: this.#kind.driver.name })
    return buffer
  }

  #noMemory(size: number): KernelError {
    const { ram } = this.#machine
    const left =
      this.#kind.frames.area === 'cma'
        ? 'the CMA region has no piece of that length'
        : `${ram.availableBytes} are free`
    return new KernelError('ENOMEM', `${size} bytes asked, ${left}`)
  }

  #export(storage: Storage, size: number): DmaBuf {
    const { name: exporter, driver } = this.#kind
    const what = { exporter, driver, size, flags: O_RDWR }
    try {
      return this.#core.export({ ...what, ops: this.#ops, priv: storage })
    } catch (error) {
      this.#machine.ram.free(storage)
      throw error
    }
  }

  #heapOps(): DmaBufOps {
    const { driver, longestPrivate } = this.#kind
    return {
      mapDmaBuf: (attachment, direction) =>
        this.#dma.map({
          device: attachment.device,
          table: tableOf(storageOf(attachment.buffer)),
          direction,
          buffer: attachment.buffer.inode,
          attachment: attachment.id,
          driver,
        }),
      unmapDmaBuf: (_attachment, mapping, direction) => this.#dma.unmap(mapping, { direction }),
      beginCpuAccess: (buffer, direction) => {
        for (const mapping of mappingsOf(buffer)) this.#dma.syncForCpu(mapping, direction)
      },
      endCpuAccess: (buffer, direction) =>
        this.#dma.syncAllForDevice(mappingsOf(buffer), direction),
      mmap: (buffer, offset, length, shared) => {
        if (!shared && length > longestPrivate) {
          throw new KernelError(
            'EINVAL',
            `${length} bytes cannot be mapped MAP_PRIVATE: ${longestPrivate} at most`,
          )
        }
        return cachedPages(buffer, offset, length)
      },
      // system_heap_vmap, cma_heap_vmap: vmap of all pages with PAGE_KERNEL, through the cache.
      vmap: (buffer) => cachedPages(buffer, 0, buffer.size),
      vunmap: () => {},
      release: (buffer) => this.#machine.ram.free(storageOf(buffer)),
    }
  }
}

function cachedPages(buffer: DmaBuf, offset: number, length: number): CpuPages {
  return { runs: [{ storage: storageOf(buffer), offset, length }], attribute: 'cached' }
}

function storageOf(buffer: DmaBuf): Storage {
  return buffer.priv as Storage
}

function mappingsOf(buffer: DmaBuf): DmaMapping[] {
  return [...buffer.attachments].flatMap(({ mappings }) => [...mappings])
}
