/**
 * Where in the user's program a call came from.
 *
 * A public entry point captures its origin once; the calls it makes on the waist, also those made
 * after an `await`, carry it. The stack is a string only when somebody reads it: V8 formats it lazily.
 */
export interface Origin {
  readonly stack?: string | undefined
}

interface StackCapturing {
  captureStackTrace?(target: object, hideAbove: unknown): void
}

let current: Origin | undefined
let enabled = true

/** Switches the capture of call sites (3 to 5 microseconds each) on or off; it starts switched on. */
export function setOriginCapture(on: boolean): void {
  enabled = on
}

/**
 * The origin of the caller of `entry`: the innermost one already in force, or a new one.
 * Returns `undefined` when capture is off. Never sleeps.
 */
export function captureOrigin(entry: unknown): Origin | undefined {
  return current ?? captureCaller(entry)
}

/**
 * The origin of the caller of `entry`, whatever is in force: for a driver, whose own line is wanted
 * and not that of the program that called it. Returns `undefined` when capture is off. Never sleeps.
 */
export function captureCaller(entry: unknown): Origin | undefined {
  if (!enabled) return undefined
  const { captureStackTrace } = Error as StackCapturing
  if (captureStackTrace === undefined) return new Error('call site')
  const origin: { stack?: string } = {}
  captureStackTrace(origin, entry)
  return origin
}

/** Runs the synchronous function `body` with `origin` in force, and restores the one before it. */
export function withOrigin<T>(origin: Origin | undefined, body: () => T): T {
  const before = current
  current = origin ?? before
  try {
    return body()
  } finally {
    current = before
  }
}

/** The origin in force, if a public entry point set one. */
export function currentOrigin(): Origin | undefined {
  return current
}
