/**
 * Names in the structures of sync files. The kernel copies them with strscpy: 31 bytes of text at
 * most and a NUL, and bytes behind the NUL stay as they are. They need not be UTF-8.
 */
import { SYNC_FILE_NAME_LEN } from '../../abi/sync-file.ts'

/** The bytes of the name at the start of `bytes`, without the NUL. */
export function nameAt(bytes: Uint8Array): Uint8Array {
  const name = bytes.slice(0, SYNC_FILE_NAME_LEN - 1)
  const end = name.indexOf(0)
  return end === -1 ? name : name.subarray(0, end)
}

/** Writes a name and its NUL at `offset`. */
export function putName(bytes: Uint8Array, offset: number, name: string | Uint8Array): void {
  const encoded = typeof name === 'string' ? new TextEncoder().encode(name) : name
  const length = Math.min(encoded.length, SYNC_FILE_NAME_LEN - 1)
  bytes.set(encoded.subarray(0, length), offset)
  bytes[offset + length] = 0
}
