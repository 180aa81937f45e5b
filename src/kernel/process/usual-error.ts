import type { ErrnoCode } from '../../abi/errno.ts'
import { usualErrorOfPlace } from '../../machine/fault-points.ts'
import { usualErrorOf } from '../../syscalls/requests/index.ts'
import { usualErrorOfCall } from '../../syscalls/table.ts'

/** Giving things back does not fail in a way that a program could do anything about. */
export function canFail(call: string): boolean {
  return usual(call) !== 'never'
}

/** The usual error of a call, request or place. EIO where nothing else is customary: every driver may return it. */
export function usualError(call: string): ErrnoCode {
  const code = usual(call)
  return code === undefined || code === 'never' ? 'EIO' : code
}

function usual(call: string): ErrnoCode | 'never' | undefined {
  return usualErrorOfCall(call) ?? usualErrorOf(call) ?? usualErrorOfPlace(call)
}
