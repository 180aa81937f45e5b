/**
 * The cause of the call that begins now: a synchronous scope for each kernel.
 *
 * System calls take the arguments of the kernel's interface and nothing else. The caller's
 * additions (its source line, the event it makes the call within, a place for the reason of a
 * failure) travel here. Callees read it before they return or wait.
 */
import { captureCaller, type Origin } from './origin.ts'
import type { Syscalls } from './syscalls.ts'

/**
 * The reason of a failure, beside its errno. A simulated kernel knows which of its conditions failed and
 * writes it here. A real kernel does not report it.
 */
export interface Failure {
  /** The one condition that failed, with its values, and the way out: `pitch 16 of plane 0 is less than ...`. */
  reason?: string | undefined
}

/** The cause of a call. Undefined fields keep those of the scope around. */
export interface CallCause {
  /** The line of the user's program. */
  readonly origin?: Origin | undefined
  /** The event that the call is part of. */
  readonly within?: number | undefined
  /** Each call has its own, so calls that overlap do not read each other's. */
  readonly failure?: Failure | undefined
}

export class CallScope {
  #origin: Origin | undefined
  #within: number | undefined
  #failure: Failure | undefined

  get origin(): Origin | undefined {
    return this.#origin
  }

  get within(): number | undefined {
    return this.#within
  }

  get failure(): Failure | undefined {
    return this.#failure
  }

  /** The line in force, or else that of the caller of `entry`. Undefined while capture is off. */
  originOf(entry: unknown): Origin | undefined {
    return this.#origin ?? captureCaller(entry)
  }

  /** Runs the synchronous function `body` with `cause` in force. */
  run<T>({ origin, within, failure }: CallCause, body: () => T): T {
    const outer = [this.#origin, this.#within, this.#failure] as const
    if (origin !== undefined) this.#origin = origin
    if (within !== undefined) this.#within = within
    if (failure !== undefined) this.#failure = failure
    try {
      return body()
    } finally {
      ;[this.#origin, this.#within, this.#failure] = outer
    }
  }
}

const scopes = new WeakMap<Syscalls, CallScope>()

/** The scope of the kernel behind `sys`. */
export function scopeOf(sys: Syscalls): CallScope {
  let scope = scopes.get(sys)
  if (scope === undefined) {
    scope = new CallScope()
    scopes.set(sys, scope)
  }
  return scope
}

/** `scope` is that of the kernel behind `sys`. */
export function setScope(sys: Syscalls, scope: CallScope): void {
  scopes.set(sys, scope)
}

/** `wrapper` makes its calls on `sys`: both have one scope. Returns `wrapper`. */
export function sharingScope<S extends Syscalls>(wrapper: S, sys: Syscalls): S {
  scopes.set(wrapper, scopeOf(sys))
  return wrapper
}
