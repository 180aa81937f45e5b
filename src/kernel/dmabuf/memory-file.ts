import type { BufferId } from '../../events/event.ts'
import type { StorageRun } from '../dma/sg-table.ts'
import type { MapRequest } from './file.ts'
import type { CpuPages } from './ops.ts'

/**
 * A file that is memory, as memfd_create makes it: the process seals and truncates it, and a driver
 * such as udmabuf makes a buffer of it. A failure is a KernelError.
 */
export interface MemoryFile {
  /** Below zero: not a dma-buf. */
  readonly id: BufferId
  /** Bytes, not rounded to pages. */
  readonly size: number
  /** The F_SEAL_ bits in force. */
  readonly seals: number
  /** F_ADD_SEALS. EINVAL for unknown bits, EPERM under F_SEAL_SEAL, EBUSY for F_SEAL_WRITE in use. */
  addSeals(seals: number): void
  /** Throws the error that `truncate` would: EPERM if it is sealed. */
  checkTruncate(size: number): void
  /**
   * Makes it `size` bytes long; new bytes are zero. Arrays over the removed part must have ended.
   * EPERM, ENOMEM.
   */
  truncate(size: number): void
  /**
   * A process maps it. EPERM for a shared writable mapping if it is sealed. `pages` ends where the
   * file does: an access beyond is SIGBUS.
   */
  map(request: MapRequest): MappedMemory
  /** The pages that exist of `[offset, offset + length)`, whole pages: fewer, where the file ends. */
  pages(offset: number, length: number): CpuPages
  /**
   * memfd_pin_folios: the pages of `[offset, offset + length)`, whole pages, which stay where they are
   * until `unpin`. EINVAL for a range that is empty or does not lie inside the file.
   */
  pin(offset: number, length: number): PinnedPages
}

/** The mapping of a memfd: no CPU access of a buffer governs it. */
export interface MappedMemory {
  /** The number of the memory in events. */
  readonly memory: BufferId
  /** Where in it the mapping begins. */
  readonly offset: number
  readonly pages: CpuPages
  /** Called once, when the last page of the mapping is unmapped. */
  readonly unmapped: () => void
}

/** Pinned pages. */
export interface PinnedPages {
  readonly runs: readonly StorageRun[]
  /** Lets them go; once. */
  unpin(): void
}
