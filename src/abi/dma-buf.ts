import { onlyBits } from '../base/bits.ts'
import { s32, u32, u64 } from './field.ts'
import { iow, iowr } from './ioctl-number.ts'
import { type Struct, struct } from './struct.ts'

/** SYNC: the CPU reads. */
export const DMA_BUF_SYNC_READ = 1
/** SYNC: the CPU writes. */
export const DMA_BUF_SYNC_WRITE = 2
/** SYNC: the CPU reads and writes. */
export const DMA_BUF_SYNC_RW = 3
/** SYNC: the access begins. */
export const DMA_BUF_SYNC_START = 0
/** SYNC: the access ends. */
export const DMA_BUF_SYNC_END = 4
/** SYNC: every flag there is. */
export const DMA_BUF_SYNC_VALID_FLAGS_MASK = 7
/** Bytes of a buffer's name, its NUL among them. */
export const DMA_BUF_NAME_LEN = 32

/** `struct dma_buf_sync` */
export interface DmaBufSync {
  /** DMA_BUF_SYNC_ bits. */
  flags: number
}
/** Layout of `struct dma_buf_sync`. Source: include/uapi/linux/dma-buf.h. */
export const dmaBufSync: Struct<DmaBufSync> = struct('dma_buf_sync', 8, { flags: u64 })

const ACCESSES = [undefined, 'read', 'write', 'read-write'] as const

/**
 * The CPU access that SYNC's flags name. Undefined where the kernel answers EINVAL: an unknown bit, or
 * neither READ nor WRITE.
 */
export function syncAccess(flags: number): 'read' | 'write' | 'read-write' | undefined {
  if (!onlyBits(flags, DMA_BUF_SYNC_VALID_FLAGS_MASK)) return undefined
  return ACCESSES[flags & DMA_BUF_SYNC_RW]
}

/** `struct dma_buf_export_sync_file` and `dma_buf_import_sync_file`, which are alike. */
export interface DmaBufSyncFile {
  /** DMA_BUF_SYNC_READ, DMA_BUF_SYNC_WRITE or both. */
  flags: number
  /** The sync file: written by export, read by import. */
  fd: number
}
/** Layout of `struct dma_buf_export_sync_file`. Source: include/uapi/linux/dma-buf.h. */
export const dmaBufExportSyncFile: Struct<DmaBufSyncFile> = struct('dma_buf_export_sync_file', 8, {
  flags: u32,
  fd: s32,
})
/** Layout of `struct dma_buf_import_sync_file`. Source: include/uapi/linux/dma-buf.h. */
export const dmaBufImportSyncFile: Struct<DmaBufSyncFile> = struct('dma_buf_import_sync_file', 8, {
  flags: u32,
  fd: s32,
})

/** Begins or ends a CPU access. EINVAL for flags; restart on EINTR and EAGAIN. May sleep. */
export const DMA_BUF_IOCTL_SYNC: number = iow('b', 0, dmaBufSync.size)
/**
 * Names the buffer; the argument is the text itself, NUL terminated. EINVAL above 31 bytes. The A form
 * has a wrong 32-bit size in its number, and does the same.
 */
export const DMA_BUF_SET_NAME_A: number = iow('b', 1, 4)
/** Names the buffer, as DMA_BUF_SET_NAME_A; on 64-bit kernels also the first, unlettered SET_NAME. */
export const DMA_BUF_SET_NAME_B: number = iow('b', 1, 8)
/** Makes a sync file of the buffer's fences as they are now. EINVAL, EMFILE, ENOMEM. */
export const DMA_BUF_IOCTL_EXPORT_SYNC_FILE: number = iowr('b', 2, dmaBufExportSyncFile.size)
/** Adds a sync file's fences to the buffer. EINVAL, ENOMEM. */
export const DMA_BUF_IOCTL_IMPORT_SYNC_FILE: number = iow('b', 3, dmaBufImportSyncFile.size)
