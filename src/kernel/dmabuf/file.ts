/**
 * Open files as the drivers provide them and the process layer uses them (struct file_operations).
 *
 * A failure is thrown as a KernelError; the caller turns it into a negative errno.
 */
import type { BufferId } from '../../events/event.ts'
import type { DmaBuf } from './dma-buf.ts'
import type { CpuPages } from './ops.ts'

/** An ioctl's argument in user memory, with the memory behind its pointer fields by offset. */
export interface UserMemory {
  readonly bytes: Uint8Array
  readonly pointers?: ReadonlyMap<number, UserMemory>
}

/** The caller's descriptors, for calls that make or take one. */
export interface CallerFiles {
  /**
   * A new descriptor for `file`, which it then owns; O_CLOEXEC in `flags` makes it close-on-exec.
   * Throws EMFILE; the file is not released then.
   */
  install(file: OpenFile, flags?: number): number
  /** EMFILE where no descriptor is free: for calls that take one before they look at anything else. */
  requireFree(): void
  /** The open file behind a descriptor, borrowed; undefined for a number that is not open. */
  lookup(fd: number): OpenFile | undefined
  /** Closes a descriptor that this call installed, because the call failed after all. */
  revoke(fd: number): void
}

export interface IoctlCall {
  readonly request: number
  readonly argument: UserMemory
  readonly files: CallerFiles
  /** Ends a wait: the call fails with EINTR. */
  readonly signal?: AbortSignal | undefined
}

export interface MapRequest {
  /** In bytes, whole pages. */
  readonly offset: number
  readonly length: number
  /** PROT_READ. */
  readonly readable: boolean
  /** PROT_WRITE. */
  readonly writable: boolean
  /** MAP_SHARED. */
  readonly shared: boolean
}

/** A file's mapping: part of a buffer, and the pages for it. */
export interface MappedPages {
  readonly buffer: DmaBuf
  /** Where in the buffer the mapping begins. */
  readonly offset: number
  readonly pages: CpuPages
  /**
   * Releases the resources that the file holds for the mapping; without it the mapping holds the
   * buffer.
   */
  readonly unmapped?: (() => void) | undefined
}

/** A file's mapping of memory that is not a dma-buf: no CPU access of a buffer governs it. */
export interface MappedMemory {
  /** The number of the memory in events. */
  readonly memory: BufferId
  /** Where in it the mapping begins. */
  readonly offset: number
  readonly pages: CpuPages
  /** Called once, when the last page of the mapping is unmapped. */
  readonly unmapped: () => void
}

export interface OpenFile {
  /** The path, or `dmabuf`, `sync_file`, `memfd:` and a name. */
  readonly what: string
  /** The access mode and O_NONBLOCK of the open file; F_SETFL may change the latter. */
  flags: number
  /** The file is open from now on, under this number in events. */
  opened?(file: number): void
  /** May sleep. */
  ioctl?(call: IoctlCall): Promise<number>
  /** A call failed with `errno` (negative) before it reached the file: an injected failure. */
  refused?(request: number, argument: UserMemory, errno: number): void
  mmap?(request: MapRequest): MappedPages | MappedMemory
  /** Does not wait: EAGAIN where there is nothing to read. Returns the count of bytes. */
  read?(target: Uint8Array): number
  lseek?(offset: number, whence: number): number
  /** The events that are ready now, also ones outside of the mask `events` that the caller waits for. */
  poll?(events: number): number
  /** Calls `listener` whenever `poll` may have a new answer; returns how to take it back. */
  onReady?(listener: () => void): () => void
  /** The file offset, in bytes; 0 where there is none. */
  readonly position?: bigint | undefined
  /** It is on a file system without programs (SB_I_NOEXEC). */
  readonly isNoExec?: boolean | undefined
  /** FOP_UNSIGNED_OFFSET: it may be mapped up to the end of 64 bits. */
  readonly hasUnsignedOffsets?: boolean | undefined
  /** Lines of /proc/self/fdinfo after the generic ones. */
  fdinfo?(): string
  /** One more descriptor, mapping or call refers to the open file, besides the first. */
  get?(): void
  /** One of those of `get` is gone. */
  put?(): void
  /** The last descriptor and mapping of it are gone. */
  release(): void
}

/** A node in /dev. */
export interface DeviceNode {
  readonly path: string
  open(flags: number): OpenFile
}
