/**
 * A failure that the kernel reports to its caller: an errno by name, and why in a sentence.
 *
 * Thrown inside the simulated kernel only; the waist turns it into the negative number.
 */
export class KernelError extends Error {
  readonly code: string
  /** The condition that failed, without the code. */
  readonly why: string

  constructor(code: string, why: string) {
    super(`${code}: ${why}`)
    this.name = 'KernelError'
    this.code = code
    this.why = why
  }
}

/** A bug of ours or of a driver, not of the program under test: states the broken promise. */
export function assert(holds: boolean, promise: string): asserts holds {
  if (!holds) throw new Error(`broken promise: ${promise}`)
}
