import * as check from '../syscalls/arguments.ts'
import type { Syscalls } from '../syscalls/syscalls.ts'
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

/** `length` bytes fit at `offset`. ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE. */
function checkRange(memory: ExactMemory, offset: unknown, length: number): void {
  const last = memory.length - length
  if (last < 0) throw check.outOfRange('length', `<= ${memory.length}, the bytes there are`, length)
  check.integer('offset', offset, 0, last)
}

/** Loads `target.length` bytes at `offset` for the caller of `entry`. ERR_OUT_OF_RANGE, EFAULT. */
export function loadExact(
  memory: ExactMemory,
  entry: unknown,
  offset: number,
  target: Uint8Array,
): void {
  const calls = Calls.passing(memory.sys, entry)
  check.bytes('target', target)
  checkRange(memory, offset, target.length)
  const address = memory.address(calls) + offset
  calls.call('load', () => memory.sys.load(address, target))
}

/** Stores `source` at `offset` for the caller of `entry`. ERR_OUT_OF_RANGE, EFAULT. */
export function storeExact(
  memory: ExactMemory,
  entry: unknown,
  offset: number,
  source: Uint8Array,
): void {
  const calls = Calls.passing(memory.sys, entry)
  check.bytes('source', source)
  checkRange(memory, offset, source.length)
  const address = memory.address(calls) + offset
  calls.call('store', () => memory.sys.store(address, source), {
    why: () => ({ EFAULT: possibly('the mapping is read-only: map it with access read-write') }),
  })
}
