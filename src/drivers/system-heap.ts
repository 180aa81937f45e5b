/**
 * The system heap: page memory for sharing, as /dev/dma_heap/system gives it.
 *
 * Chunks of 1 MiB, 64 KiB and 4 KiB; pages zeroed through the cache; at CPU access every mapped
 * attachment is synced, with the direction that the caller gave. With nothing mapped, a CPU access
 * does nothing at all. Source: drivers/dma-buf/heaps/system_heap.c of Linux 6.12.
 */
import type { DmaLayer } from '../dma/dma-layer.ts'
import type { DmaMapping } from '../dma/mapping.ts'
import { tableOf } from '../dma/sg-table.ts'
import type { DmaBufCore } from '../dmabuf/core.ts'
import type { DmaBuf } from '../dmabuf/dma-buf.ts'
import type { CpuPages, DmaBufOps } from '../dmabuf/ops.ts'
import { KernelError } from '../machine/kernel-error.ts'
import type { Machine } from '../machine/machine.ts'
import { PAGE_SIZE } from '../machine/ram.ts'
import type { Storage } from '../machine/storage.ts'
import { O_RDWR } from '../uapi/fcntl.ts'

const DRIVER = { name: 'system heap', modelled: true } as const

export class SystemHeap {
  readonly #machine: Machine
  readonly #dma: DmaLayer
  readonly #core: DmaBufCore
  readonly #ops: DmaBufOps

  constructor(machine: Machine, dma: DmaLayer, core: DmaBufCore) {
    this.#machine = machine
    this.#dma = dma
    this.#core = core
    this.#ops = this.#heapOps()
  }

  /** A buffer of `length` bytes rounded up to pages. EINVAL for none, ENOMEM when memory is full. */
  allocate(length: number): DmaBuf {
    const size = Math.ceil(length / PAGE_SIZE) * PAGE_SIZE
    if (!(size > 0)) throw new KernelError('EINVAL', `len is ${length}: nothing to allocate`)
    const storage = this.#machine.ram.allocate(size)
    if (storage === undefined) {
      throw new KernelError(
        'ENOMEM',
        `${size} bytes asked, ${this.#machine.board.ram.size - this.#machine.ram.liveBytes} are free`,
      )
    }
    const buffer = this.#export(storage, size)
    storage.buffer = buffer.inode
    this.#zero(storage)
    return buffer
  }

  #export(storage: Storage, size: number): DmaBuf {
    const what = { exporter: 'system', driver: DRIVER, size, flags: O_RDWR }
    try {
      return this.#core.export({ ...what, ops: this.#ops, priv: storage })
    } catch (error) {
      this.#machine.ram.free(storage)
      throw error
    }
  }

  #zero(storage: Storage): void {
    const { events, memory, cost } = this.#machine
    const agent = { kind: 'kernel', name: DRIVER.name } as const
    const writer = events.emit({
      kind: 'cpu-store',
      buffer: storage.buffer,
      mapping: undefined,
      range: { start: 0, end: storage.size },
      seen: 'exact',
      hazards: [],
      agent,
    })
    cost.cpuBytes += storage.size
    memory.cpuFill(storage, 0, storage.size, 0, writer)
  }

  #heapOps(): DmaBufOps {
    return {
      mapDmaBuf: (attachment, direction) =>
        this.#dma.map({
          device: attachment.device,
          table: tableOf(storageOf(attachment.buffer)),
          direction,
          buffer: attachment.buffer.inode,
          attachment: attachment.id,
          driver: DRIVER,
        }),
      unmapDmaBuf: (_attachment, mapping, direction) => this.#dma.unmap(mapping, { direction }),
      beginCpuAccess: (buffer, direction) => {
        for (const mapping of mappingsOf(buffer)) this.#dma.syncForCpu(mapping, direction)
      },
      endCpuAccess: (buffer, direction) =>
        this.#dma.syncAllForDevice(mappingsOf(buffer), direction),
      mmap: (buffer, offset, length, shared) => {
        // remap_pfn_range, once for each page: a private mapping must be remapped whole.
        if (!shared && length > PAGE_SIZE) {
          throw new KernelError('EINVAL', 'more than one page cannot be mapped MAP_PRIVATE')
        }
        return cachedPages(buffer, offset, length)
      },
      // system_heap_vmap: vmap of all pages with PAGE_KERNEL, through the cache.
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
