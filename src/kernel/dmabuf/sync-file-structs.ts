/**
 * The structures of sync files, which this layer reads and writes by place: the folder with the layouts
 * stands above it. Source: include/uapi/linux/sync_file.h and dma-buf.h of Linux 6.12.
 */
import type { UserMemory } from './file.ts'

export const SYNC_IOC_MERGE = 0xc0303e03
export const SYNC_IOC_FILE_INFO = 0xc0383e04
export const SYNC_IOC_SET_DEADLINE = 0x40103e05
export const DMA_BUF_EXPORT_SYNC_FILE = 0xc0086202
export const DMA_BUF_IMPORT_SYNC_FILE = 0x40086203

/** struct sync_merge_data; its name comes first. */
export const MERGE = { fd2: 32, fence: 36, flags: 40, pad: 44 } as const
/** struct sync_file_info; its name comes first. */
export const INFO = { status: 32, flags: 36, count: 40, pad: 44, fences: 48 } as const
/** struct sync_fence_info; the timeline's name comes first. */
export const FENCE = { driver: 32, status: 64, timestamp: 72, size: 80 } as const
/** struct sync_set_deadline */
export const DEADLINE = { pad: 8 } as const
/** struct dma_buf_export_sync_file and dma_buf_import_sync_file */
export const SYNC_FILE = { flags: 0, fd: 4 } as const

/** Bytes of a name, its NUL among them. */
export const NAME = 32

/** The fields of a structure in user memory. */
export function fieldsOf({ bytes }: Pick<UserMemory, 'bytes'>): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** The text at `at`, up to its NUL or to 31 bytes. */
export function nameAt({ bytes }: UserMemory, at: number): Uint8Array {
  const name = bytes.slice(at, at + NAME - 1)
  const end = name.indexOf(0)
  return end === -1 ? name : name.subarray(0, end)
}

/** Writes a text and its NUL, 31 bytes of text at most; bytes behind it stay as they are. */
export function putName(bytes: Uint8Array, at: number, text: string | Uint8Array): void {
  const encoded = typeof text === 'string' ? new TextEncoder().encode(text) : text
  const length = Math.min(encoded.length, NAME - 1)
  bytes.set(encoded.subarray(0, length), at)
  bytes[at + length] = 0
}
