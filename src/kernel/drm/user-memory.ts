import { KernelError } from '../../machine/kernel-error.ts'
import { pointee } from '../../syscalls/pointee.ts'
import type { UserMemory } from '../dmabuf/file.ts'

/**
 * The `length` bytes behind the pointer field at byte `offset` of a structure. EFAULT for NULL, for a
 * number that leads nowhere and for memory that is shorter. Zero bytes are never looked for.
 */
export function userBytes(argument: UserMemory, offset: number, length: number): Uint8Array {
  if (length === 0) return new Uint8Array(0)
  const target = pointee(argument, offset)
  if (target === 'null' || target === 'wild' || target.bytes.length < length) {
    throw new KernelError('EFAULT', `the pointer at byte ${offset} leads to no ${length} bytes`)
  }
  return target.bytes.subarray(0, length)
}

/** Writes as many of `values` as there is room for, as u32 each. EFAULT. */
export function putU32s(
  argument: UserMemory,
  offset: number,
  room: number,
  values: readonly number[],
): void {
  const count = Math.min(room, values.length)
  const bytes = userBytes(argument, offset, count * 4)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (const [index, value] of values.slice(0, count).entries()) {
    view.setUint32(index * 4, value, true)
  }
}

/** Reads `count` u32 values. EFAULT. */
export function getU32s(argument: UserMemory, offset: number, count: number): number[] {
  const bytes = userBytes(argument, offset, count * 4)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return Array.from({ length: count }, (_, index) => view.getUint32(index * 4, true))
}
