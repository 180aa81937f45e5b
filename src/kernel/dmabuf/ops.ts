import type { DmaDirection, MemoryAttribute, Range } from '../../events/event.ts'
import type { DmaMapping } from '../dma/mapping.ts'
import type { StorageRun } from '../dma/sg-table.ts'
import type { Attachment } from './attachment.ts'
import type { DmaBuf } from './dma-buf.ts'

/** Memory that a process or a driver maps: runs of storages and how the CPU reaches them. */
export interface CpuPages {
  readonly runs: readonly StorageRun[]
  readonly attribute: MemoryAttribute
  /** Whether mremap may make it longer: false, as with VM_DONTEXPAND, unless it says so. */
  readonly expandable?: boolean | undefined
  /**
   * vm_operations_struct.fault: the mapping begins without page table entries, and this is called for whole
   * pages, as bytes of the buffer, before they get theirs: at the first touch, and at the first one after
   * unmap_mapping_range. It may not sleep. Left out, all pages are mapped at once.
   */
  readonly fault?: ((range: Range) => void) | undefined
}

/**
 * The operations of an exporter, with the kernel's names and its locking and sleeping rules: an
 * operation that may sleep returns a promise. `attach`, `detach`, `beginCpuAccess`, `endCpuAccess`,
 * `mmap` and `release` are called without the reservation lock, all others with it.
 *
 * A failure is a thrown KernelError; any other error breaks the contract, and the caller gets EIO.
 * Source: struct dma_buf_ops in include/linux/dma-buf.h of Linux 6.12.
 */
export interface DmaBufOps {
  /**
   * The first mapping of an attachment is kept until it is detached, and every later map gets it. Not
   * together with pin and unpin.
   */
  readonly cacheSgtMapping?: boolean | undefined
  /** May sleep. A device announces its use. Throws EBUSY when the storage can never be reached by it. */
  attach?(buffer: DmaBuf, attachment: Attachment): Promise<void> | void
  detach?(buffer: DmaBuf, attachment: Attachment): void
  /** May sleep. Keeps the storage where it is, until `unpin`; makes a dynamic exporter. */
  pin?(attachment: Attachment): Promise<void> | void
  unpin?(attachment: Attachment): void
  /**
   * May sleep. Makes the storage reachable for the attachment's device and maps it, all of the
   * buffer. `null` stands for ENOMEM.
   */
  mapDmaBuf(
    attachment: Attachment,
    direction: DmaDirection,
  ): Promise<DmaMapping | null> | DmaMapping | null
  unmapDmaBuf(attachment: Attachment, mapping: DmaMapping, direction: DmaDirection): void
  /** May sleep. Prepares CPU access: takes the memory back from the devices that have it mapped. */
  beginCpuAccess?(buffer: DmaBuf, direction: DmaDirection): Promise<void> | void
  /** May sleep. Gives the memory to the devices that have it mapped. */
  endCpuAccess?(buffer: DmaBuf, direction: DmaDirection): Promise<void> | void
  /**
   * Memory for a process to map, exactly `length` bytes; bounds are checked already. `shared` says
   * whether it maps MAP_SHARED, which some exporters insist on.
   */
  mmap?(buffer: DmaBuf, offset: number, length: number, shared: boolean): CpuPages
  /** May sleep. All of the buffer for a driver to load and store. */
  vmap?(buffer: DmaBuf): Promise<CpuPages> | CpuPages
  vunmap?(buffer: DmaBuf, pages: CpuPages): void
  /** The last reference is gone. */
  release(buffer: DmaBuf): void
}

/**
 * The operations of a dynamic importer, which copes with a buffer that moves while it is attached.
 * Source: struct dma_buf_attach_ops.
 */
export interface ImporterOps {
  /**
   * The storage is about to move, or is gone: mappings made so far must not be used any more. Called
   * with the reservation lock held.
   */
  moveNotify(attachment: Attachment): void
  /** Whether the device reaches memory of another device. */
  readonly allowPeer2peer?: boolean | undefined
}
