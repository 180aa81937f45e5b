/**
 * Thrown when disposing fails after an earlier failure. It keeps both errors, in the shape of ECMAScript's
 * SuppressedError, which Node 20 does not have.
 */
export class DisposalError extends Error {
  override readonly name = 'SuppressedError'
  /** The later error. */
  readonly error: unknown
  /** The earlier error, which the later one must not hide. */
  readonly suppressed: unknown

  constructor(error: unknown, suppressed: unknown) {
    super(`${text(error)}; then: ${text(suppressed)}`, { cause: suppressed })
    this.error = error
    this.suppressed = suppressed
  }
}

function text(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error
    ? String(error.message)
    : String(error)
}

/** One thing to throw for `errors`, oldest first and at least one: none hides another. */
export function joinErrors(errors: readonly unknown[]): unknown {
  return errors.reduce((earlier, later) => new DisposalError(later, earlier))
}

/** Runs every step, in order, also after one has thrown; throws their errors. */
export function drainAllSync(
  steps: readonly (() => void)[],
  earlier: readonly unknown[] = [],
): void {
  const errors = [...earlier]
  for (const step of steps) {
    try {
      step()
    } catch (error) {
      errors.push(error)
    }
  }
  if (errors.length > 0) throw joinErrors(errors)
}

/**
 * Runs every step, one after the other, also after one has failed; rejects with their errors and
 * with `earlier`, the errors that made the draining necessary. May sleep.
 */
export async function drainAll(
  steps: readonly (() => unknown)[],
  earlier: readonly unknown[] = [],
): Promise<void> {
  const errors = [...earlier]
  for (const step of steps) {
    try {
      await step()
    } catch (error) {
      errors.push(error)
    }
  }
  if (errors.length > 0) throw joinErrors(errors)
}

/** The steps that undo a function that fails half way, newest first. */
export class Undo {
  readonly #steps: (() => unknown)[] = []

  /** Adds `step`, to run before those added earlier. */
  defer(step: () => unknown): void {
    this.#steps.push(step)
  }

  /** May sleep. Undoes everything and rejects with `error`, joined by the steps' own errors. */
  async fail(error: unknown): Promise<never> {
    await drainAll(this.#steps.splice(0).reverse(), [error])
    throw error
  }
}
