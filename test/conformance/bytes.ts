import { createHash } from 'node:crypto'

/** Bytes as one short word: their value if all are equal, else a digest. */
export function summary(bytes: Uint8Array): string {
  const first = bytes[0]
  if (bytes.every((byte) => byte === first)) return `${bytes.length} x ${first ?? 'none'}`
  return `${bytes.length}: ${createHash('sha1').update(bytes).digest('hex').slice(0, 12)}`
}

/** `length` bytes that differ from those of other values and places. */
export function pattern(length: number, value: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++) bytes[i] = value + (i >> 6)
  return bytes
}

/** Writes `value`, an exact number of 64 bits, at byte `at`. */
export function putU64(bytes: Uint8Array, at: number, value: number): void {
  new DataView(bytes.buffer, bytes.byteOffset).setBigUint64(at, BigInt(value), true)
}
