import { assert } from '../base/assert.ts'
import { U32_MAX } from '../base/bits.ts'

/**
 * One member of a kernel structure: how many bytes, and how they become a JavaScript value.
 * Little endian. Reading never throws; writing asserts that the value fits.
 */
export interface Field<T> {
  /** Bytes. */
  readonly size: number
  /** Bytes; the C compiler's alignment of the member. */
  readonly align: number
  /** A fixed offset, for the members of a union; computed where absent. */
  readonly at?: number
  /** The member holds a user-space address, whose memory an `IoctlArg` names. */
  readonly pointer?: boolean
  read(data: DataView, offset: number): T
  write(data: DataView, offset: number, value: T): void
  /** A value that reads and writes the structure in place; `read` where absent. */
  live?(data: DataView, offset: number): T
}

function integer(
  size: 1 | 2 | 4,
  low: number,
  high: number,
  get: (data: DataView, offset: number) => number,
  put: (data: DataView, offset: number, value: number) => void,
): Field<number> {
  const write = (data: DataView, offset: number, value: number): void => {
    assert(
      Number.isInteger(value) && value >= low && value <= high,
      () => `${value} is not an integer from ${low} to ${high}, the range of ${size} bytes`,
    )
    put(data, offset, value)
  }
  return { size, align: size, read: get, write }
}

/** `__u8` */
export const u8: Field<number> = integer(
  1,
  0,
  0xff,
  (data, offset) => data.getUint8(offset),
  (data, offset, value) => data.setUint8(offset, value),
)

/** `__u16` */
export const u16: Field<number> = integer(
  2,
  0,
  0xffff,
  (data, offset) => data.getUint16(offset, true),
  (data, offset, value) => data.setUint16(offset, value, true),
)

/** `__u32` */
export const u32: Field<number> = integer(
  4,
  0,
  U32_MAX,
  (data, offset) => data.getUint32(offset, true),
  (data, offset, value) => data.setUint32(offset, value, true),
)

/** `__s32`, also `int` and a file descriptor. */
export const s32: Field<number> = integer(
  4,
  -0x80000000,
  0x7fffffff,
  (data, offset) => data.getInt32(offset, true),
  (data, offset, value) => data.setInt32(offset, value, true),
)

/**
 * `__u64` as a number. Writing asserts a safe integer. Reading never fails: a value that a number cannot
 * hold exactly is rounded, and is never a safe integer, so that a kernel can refuse it. Test flags
 * with `onlyBits`.
 */
export const u64: Field<number> = {
  size: 8,
  align: 8,
  read: (data, offset) => Number(data.getBigUint64(offset, true)),
  write(data, offset, value) {
    assert(
      Number.isSafeInteger(value) && value >= 0,
      () =>
        `${value} is not an integer from 0 to 2^53 - 1: write larger ones with DataView.setBigUint64`,
    )
    data.setBigUint64(offset, BigInt(value), true)
  },
}

/** `long` and `__s64` as a number; reading and writing as with `u64`. */
export const s64: Field<number> = {
  size: 8,
  align: 8,
  read: (data, offset) => Number(data.getBigInt64(offset, true)),
  write(data, offset, value) {
    assert(Number.isSafeInteger(value), () => `${value} is not a safe integer`)
    data.setBigInt64(offset, BigInt(value), true)
  },
}

/** A user-space address of 8 bytes: leave it 0 and name the memory in the `IoctlArg`'s `pointers`. */
export const pointer: Field<number> = { ...u64, pointer: true }
