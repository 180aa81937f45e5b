/** Thrown where the caller broke a rule that no kernel could answer: a bug, not a failure. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError'
  /** As Node's own assertion errors say. */
  readonly code = 'ERR_ASSERTION'
}

/**
 * Throws an `AssertionError` unless `condition` holds. `message` names the argument, the reason and the way
 * out; pass a function if building it is expensive.
 */
export function assert(condition: boolean, message: string | (() => string)): asserts condition {
  if (condition) return
  throw new AssertionError(typeof message === 'string' ? message : message())
}
