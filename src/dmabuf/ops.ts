import type { DmaMapping } from '../dma/mapping.ts'
import type { StorageRun } from '../dma/sg-table.ts'
import type { DmaDirection, MemoryAttribute } from '../events/event.ts'
import type { Attachment } from './attachment.ts'
import type { DmaBuf } from './dma-buf.ts'

/** Memory that a process maps: runs of storages and how the CPU reaches them. */
export interface CpuPages {
  readonly runs: readonly StorageRun[]
  readonly attribute: MemoryAttribute
}

/**
 * What an exporter provides, with the kernel's names and its locking and sleeping rules: an operation
 * that may sleep returns a promise. Source: struct dma_buf_ops in include/linux/dma-buf.h.
 */
export interface DmaBufOps {
  /** A device announces its use. Throws EBUSY when the storage can never be made reachable for it. */
  attach?(buffer: DmaBuf, attachment: Attachment): Promise<void> | void
  detach?(buffer: DmaBuf, attachment: Attachment): void
  /** May sleep. Makes the storage reachable for the attachment's device and maps it. */
  mapDmaBuf(attachment: Attachment, direction: DmaDirection): Promise<DmaMapping> | DmaMapping
  unmapDmaBuf(attachment: Attachment, mapping: DmaMapping, direction: DmaDirection): void
  /** May sleep. Prepares CPU access: takes the memory back from the devices that have it mapped. */
  beginCpuAccess?(buffer: DmaBuf, direction: DmaDirection): Promise<void> | void
  /** May sleep. Gives the memory to the devices that have it mapped. */
  endCpuAccess?(buffer: DmaBuf, direction: DmaDirection): Promise<void> | void
  /** Memory for a process to map; bounds are checked already. */
  mmap?(buffer: DmaBuf, offset: number, length: number): CpuPages
  /** The last reference is gone. */
  release(buffer: DmaBuf): void
}
