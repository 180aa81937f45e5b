/**
 * Why a call on the waist failed, beside its errno.
 *
 * The waist returns numbers alone, as system calls do. A kernel that knows which of its conditions failed
 * writes it to the failure that was in force when the call began: each call has its own, so that calls that
 * overlap never read each other's. A real kernel does not say, and leaves it empty.
 */
export interface Failure {
  /** The one condition that failed, with its values, and the way out: `pitch 16 of plane 0 is less than ...`. */
  reason?: string | undefined
}

let current: Failure | undefined

/** Begins a call: runs the synchronous function `body` with `failure` in force. Never sleeps. */
export function withFailure<T>(failure: Failure, body: () => T): T {
  const before = current
  current = failure
  try {
    return body()
  } finally {
    current = before
  }
}

/** Where the call that begins now is to say why it failed; undefined where nobody asks. */
export function currentFailure(): Failure | undefined {
  return current
}
