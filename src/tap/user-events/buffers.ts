import type { BufferId, MappedAttribute } from '../../events/event.ts'
import type { FdInfo } from './fdinfo.ts'
import type { Tell } from './tell.ts'

/** A dma-buf that some descriptor of the program stands for. */
export interface KnownBuffer {
  readonly id: BufferId
  /** Bytes. */
  readonly size: number
  /** How the exporter maps it for the CPU. */
  readonly attribute: MappedAttribute
  /** CPU accesses that began and did not end. */
  open: number
}

/**
 * Exporters whose mmap leaves the protection of the pages alone. Source: system_heap_mmap, cma_heap_mmap
 * and mmap_udmabuf in drivers/dma-buf of Linux 6.12, and the names that CMA areas have there.
 */
const CACHED: ReadonlySet<string> = new Set([
  ...['system', 'udmabuf'],
  ...['linux,cma', 'default_cma_region', 'reserved'],
])

/** No kernel counts inodes so high. */
const FIRST_NAMELESS = 2 ** 40

/** Every dma-buf that was seen: one for all of its descriptors. */
export class Buffers {
  readonly #tell: Tell
  readonly #known = new Map<BufferId, KnownBuffer>()
  #nameless = FIRST_NAMELESS

  constructor(tell: Tell) {
    this.#tell = tell
  }

  /**
   * The dma-buf of `info`; emitted as exported when it is seen for the first time. If the kernel
   * gives no inode, every open file counts as a separate buffer.
   */
  of({ inode, exporter = 'exporter' }: Partial<FdInfo>, size: number): KnownBuffer {
    const id = inode ?? this.#nameless++
    const known = this.#known.get(id)
    if (known !== undefined) return known
    const attribute = CACHED.has(exporter) ? 'cached' : 'unknown'
    const buffer: KnownBuffer = { id, size, attribute, open: 0 }
    this.#known.set(id, buffer)
    this.#tell({ kind: 'export', buffer: id, size, exporter })
    return buffer
  }
}
