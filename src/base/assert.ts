/** Thrown where the caller broke a rule that no kernel could answer: a bug, not a failure. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError'
  /** As Node's own assertion errors say. */
  readonly code = 'ERR_ASSERTION'
}

/**
 * Throws an `AssertionError` unless `condition` holds. `message` says which argument, why, and the way
 * out; give a function where building it costs. Never sleeps.
 */
export function assert(condition: boolean, message: string | (() => string)): asserts condition {
  if (condition) return
  throw new AssertionError(typeof message === 'string' ? message : message())
}
