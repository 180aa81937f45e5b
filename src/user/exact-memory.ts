import type { Syscalls } from '../uapi/syscalls.ts'
import { Calls, possibly } from './calls.ts'

/**
 * Mapped memory reached through the waist, an access at a time: each load and store is a call that
 * the kernel sees, checks and may refuse.
 */
export interface ExactMemory {
  readonly sys: Syscalls
  /** Bytes. */
  readonly length: number
  /** The address of the first byte; throws when the memory is gone. */
  address(calls: Calls): number
}

function checkRange(memory: ExactMemory, offset: number, length: number): void {
  if (Number.isSafeInteger(offset) && offset >= 0 && offset + length <= memory.length) return
  const last = memory.length - length
  throw new RangeError(`offset ${offset} is out of range: ${length} bytes fit at 0 to ${last}`)
}

/** Loads `target.length` bytes at `offset` for the caller of `entry`. RangeError, EFAULT. */
export function loadExact(
  memory: ExactMemory,
  entry: unknown,
  offset: number,
  target: Uint8Array,
): void {
  const calls = Calls.passing(memory.sys, entry)
  checkRange(memory, offset, target.length)
  const address = memory.address(calls) + offset
  calls.call('load', () => memory.sys.load(address, target))
}

/** Stores `source` at `offset` for the caller of `entry`. RangeError, EFAULT. */
export function storeExact(
  memory: ExactMemory,
  entry: unknown,
  offset: number,
  source: Uint8Array,
): void {
  const calls = Calls.passing(memory.sys, entry)
  checkRange(memory, offset, source.length)
  const address = memory.address(calls) + offset
  calls.call('store', () => memory.sys.store(address, source), {
    why: () => ({ EFAULT: possibly('the mapping is read-only: map it with access read-write') }),
  })
}
