import { type ErrnoCode, errnoName } from '../abi/errno.ts'
import { errnoText } from '../abi/errno-text.ts'
import { assert } from '../base/assert.ts'

/** Set on the errors of every copy of this package, so that they know each other's. */
const brand = Symbol.for('dmabuf.SystemError')

/** The parts of a `SystemError`. */
export interface SystemErrorInit {
  /** The result of the call: a negative error number. */
  readonly errno: number
  /** The call, or the ioctl's header name, as VIDIOC_QBUF. */
  readonly syscall: string
  /** Which argument, its value, why, and the way out. */
  readonly detail?: string | undefined
  readonly path?: string | undefined
  readonly fd?: number | undefined
  readonly cause?: unknown
}

/** A failed system call, shaped as Node's system errors are. */
export class SystemError extends Error {
  override readonly name = 'SystemError'
  /** `EINVAL` and so on. */
  readonly code: ErrnoCode
  /** Negative, as in Node. */
  readonly errno: number
  readonly syscall: string
  declare readonly path?: string
  declare readonly fd?: number

  constructor(init: SystemErrorInit) {
    const code = errnoName(init.errno)
    assert(init.errno < 0 && code !== undefined, () => `${init.errno} is not a negative errno`)
    super(message(code, init), init.cause === undefined ? undefined : { cause: init.cause })
    Object.defineProperty(this, brand, { value: true })
    this.code = code
    this.errno = init.errno
    this.syscall = init.syscall
    if (init.path !== undefined) this.path = init.path
    if (init.fd !== undefined) this.fd = init.fd
  }
}

function message(code: ErrnoCode, init: SystemErrorInit): string {
  const fd = init.fd === undefined ? '' : ` (fd ${init.fd})`
  const path = init.path === undefined ? '' : ` '${init.path}'`
  const detail = init.detail === undefined ? '' : `: ${init.detail}`
  return `${code}: ${errnoText(code)}, ${init.syscall}${path}${fd}${detail}`
}

/**
 * The error for a call that returned `init.errno`. Throws an AssertionError if that is not a
 * negative error number.
 */
export function systemError(init: SystemErrorInit): SystemError {
  const { stackTraceLimit } = Error
  if (typeof stackTraceLimit !== 'number' || stackTraceLimit === 0) return new SystemError(init)
  // Calls inside this package must not crowd the program's own line out of the stack.
  Error.stackTraceLimit = stackTraceLimit + OWN_FRAMES
  try {
    return new SystemError(init)
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

/** At most so many calls of this package lie between a program's line and an error. */
const OWN_FRAMES = 20

/** Whether `value` is a `SystemError`, also of another copy of this package. */
export function isSystemError(value: unknown): value is SystemError {
  return typeof value === 'object' && value !== null && brand in value
}

const ended = Symbol.for('dmabuf.ended')

/** The error for a use of bytes whose CPU access or mapping has ended. */
export function endedError(init: SystemErrorInit): SystemError {
  return Object.defineProperty(systemError(init), ended, { value: true })
}

/** Whether `error` is of `endedError`, also of another copy of this package. */
export function isEndedError(error: object): boolean {
  return ended in error
}
