import * as check from '../syscalls/arguments.ts'
import { type ExactMemory, loadExact, storeExact } from './exact-memory.ts'

/**
 * A DataView over mapped memory whose every access is a load or store through the waist: bounds,
 * protection and lifetime are checked at each, and the kernel sees which bytes and from which line.
 *
 * As with DataView, offsets are in bytes and numbers are big endian unless `littleEndian` is true.
 * ERR_OUT_OF_RANGE outside, EFAULT where the memory may not be touched so. Nothing here sleeps.
 */
export class ExactView {
  readonly #memory: ExactMemory
  readonly #scratch = new DataView(new ArrayBuffer(8))

  /** A view of all of `memory`. */
  constructor(memory: ExactMemory) {
    this.#memory = memory
  }

  /** Bytes that can be reached. */
  get byteLength(): number {
    return this.#memory.length
  }

  #load(entry: unknown, offset: number, size: number): DataView {
    loadExact(this.#memory, entry, offset, this.#bytes(size))
    return this.#scratch
  }

  #store(entry: unknown, offset: number, size: number): void {
    storeExact(this.#memory, entry, offset, this.#bytes(size))
  }

  #bytes(size: number): Uint8Array {
    return new Uint8Array(this.#scratch.buffer, 0, size)
  }

  /** Loads a signed byte. */
  getInt8(offset: number): number {
    return this.#load(this.getInt8, offset, 1).getInt8(0)
  }

  /** Stores a signed byte. */
  setInt8(offset: number, value: number): void {
    check.number('value', value)
    this.#scratch.setInt8(0, value)
    this.#store(this.setInt8, offset, 1)
  }

  /** Loads a byte. */
  getUint8(offset: number): number {
    return this.#load(this.getUint8, offset, 1).getUint8(0)
  }

  /** Stores a byte. */
  setUint8(offset: number, value: number): void {
    check.number('value', value)
    this.#scratch.setUint8(0, value)
    this.#store(this.setUint8, offset, 1)
  }

  /** Loads a signed 16-bit integer. */
  getInt16(offset: number, littleEndian?: boolean): number {
    return this.#load(this.getInt16, offset, 2).getInt16(0, littleEndian)
  }

  /** Stores a signed 16-bit integer. */
  setInt16(offset: number, value: number, littleEndian?: boolean): void {
    check.number('value', value)
    this.#scratch.setInt16(0, value, littleEndian)
    this.#store(this.setInt16, offset, 2)
  }

  /** Loads a 16-bit integer. */
  getUint16(offset: number, littleEndian?: boolean): number {
    return this.#load(this.getUint16, offset, 2).getUint16(0, littleEndian)
  }

  /** Stores a 16-bit integer. */
  setUint16(offset: number, value: number, littleEndian?: boolean): void {
    check.number('value', value)
    this.#scratch.setUint16(0, value, littleEndian)
    this.#store(this.setUint16, offset, 2)
  }

  /** Loads a signed 32-bit integer. */
  getInt32(offset: number, littleEndian?: boolean): number {
    return this.#load(this.getInt32, offset, 4).getInt32(0, littleEndian)
  }

  /** Stores a signed 32-bit integer. */
  setInt32(offset: number, value: number, littleEndian?: boolean): void {
    check.number('value', value)
    this.#scratch.setInt32(0, value, littleEndian)
    this.#store(this.setInt32, offset, 4)
  }

  /** Loads a 32-bit integer. */
  getUint32(offset: number, littleEndian?: boolean): number {
    return this.#load(this.getUint32, offset, 4).getUint32(0, littleEndian)
  }

  /** Stores a 32-bit integer. */
  setUint32(offset: number, value: number, littleEndian?: boolean): void {
    check.number('value', value)
    this.#scratch.setUint32(0, value, littleEndian)
    this.#store(this.setUint32, offset, 4)
  }

  /** Loads a single-precision number. */
  getFloat32(offset: number, littleEndian?: boolean): number {
    return this.#load(this.getFloat32, offset, 4).getFloat32(0, littleEndian)
  }

  /** Stores a single-precision number. */
  setFloat32(offset: number, value: number, littleEndian?: boolean): void {
    check.number('value', value)
    this.#scratch.setFloat32(0, value, littleEndian)
    this.#store(this.setFloat32, offset, 4)
  }

  /** Loads a double-precision number. */
  getFloat64(offset: number, littleEndian?: boolean): number {
    return this.#load(this.getFloat64, offset, 8).getFloat64(0, littleEndian)
  }

  /** Stores a double-precision number. */
  setFloat64(offset: number, value: number, littleEndian?: boolean): void {
    check.number('value', value)
    this.#scratch.setFloat64(0, value, littleEndian)
    this.#store(this.setFloat64, offset, 8)
  }

  /** Loads a signed 64-bit integer. */
  getBigInt64(offset: number, littleEndian?: boolean): bigint {
    return this.#load(this.getBigInt64, offset, 8).getBigInt64(0, littleEndian)
  }

  /** Stores a signed 64-bit integer. */
  setBigInt64(offset: number, value: bigint, littleEndian?: boolean): void {
    check.bigint('value', value)
    this.#scratch.setBigInt64(0, value, littleEndian)
    this.#store(this.setBigInt64, offset, 8)
  }

  /** Loads a 64-bit integer. */
  getBigUint64(offset: number, littleEndian?: boolean): bigint {
    return this.#load(this.getBigUint64, offset, 8).getBigUint64(0, littleEndian)
  }

  /** Stores a 64-bit integer. */
  setBigUint64(offset: number, value: bigint, littleEndian?: boolean): void {
    check.bigint('value', value)
    this.#scratch.setBigUint64(0, value, littleEndian)
    this.#store(this.setBigUint64, offset, 8)
  }
}
