/** Reads a thrown value of a program: any value at all, whose getters and traps may throw again. */
import { isEndedError } from '../syscalls/system-error.ts'

/**
 * JavaScript's form of an error in a scope and another one while the scope's resources are
 * disposed.
 */
interface Suppressed {
  /** The error while disposing. */
  readonly error: unknown
  /** The error before that, or another pair. */
  readonly suppressed: unknown
}

/** The message of an error, and any other value as text. Never throws. */
export function messageOf(thrown: unknown): string {
  try {
    return isError(thrown) ? String(thrown.message) : String(thrown)
  } catch {
    return `a value without a message (${typeof thrown})`
  }
}

/** The message of an error after its name, as `TypeError: x is not a function`; never throws. */
export function namedMessageOf(thrown: unknown): string {
  const message = messageOf(thrown)
  const name = nameOf(thrown)
  if (name === undefined) return message
  return message === '' ? name : `${name}: ${message}`
}

/** The text of V8, SpiderMonkey and JavaScriptCore for a method of an array whose memory is gone. */
const HOST_DETACHED = /detached/

/** Whether it is the use of bytes whose CPU access or mapping had ended: of an array, or of an object of ours. */
export function isUseOfEnded(thrown: unknown): boolean {
  if (!isError(thrown)) return false
  return (
    isEndedError(thrown) || (thrown instanceof TypeError && HOST_DETACHED.test(messageOf(thrown)))
  )
}

/** Whether `thrown` is an error. False where asking throws. */
export function isError(thrown: unknown): thrown is Error {
  try {
    return thrown instanceof Error
  } catch {
    return false
  }
}

/**
 * The errors in `thrown` in the order in which they were thrown: a SuppressedError stands for the
 * error of its scope and the later error while disposing. Never throws.
 */
export function errorsIn(thrown: unknown): readonly [first: unknown, ...later: unknown[]] {
  const later: unknown[] = []
  let first = thrown
  for (let pair = suppressedBy(first); pair !== undefined; pair = suppressedBy(first)) {
    later.unshift(pair.error)
    first = pair.suppressed
    // One that holds itself would be read for ever.
    if (later.length > MOST_ERRORS) break
  }
  return [first, ...later]
}

const MOST_ERRORS = 100

/** The message of all errors in `thrown`, the first one at first. Never throws. */
export function fullMessageOf(thrown: unknown): string {
  const [first, ...later] = errorsIn(thrown)
  const disposing = later.map((error) => `; disposing failed too: ${messageOf(error)}`)
  return `${messageOf(first)}${disposing.join('')}`
}

/** The error with the place of `thrown`. Undefined for a value that is not an error. */
export function originOf(thrown: unknown): Error | undefined {
  return errorsIn(thrown).find(isError)
}

function nameOf(thrown: unknown): string | undefined {
  try {
    return isError(thrown) ? String(thrown.name) : undefined
  } catch {
    return undefined
  }
}

function suppressedBy(thrown: unknown): Suppressed | undefined {
  // Node 20 has no SuppressedError: compilers write a class of that name in its place.
  if (nameOf(thrown) !== 'SuppressedError') return undefined
  try {
    const { error, suppressed } = thrown as Suppressed
    return { error, suppressed }
  } catch {
    return undefined
  }
}
