import { type ErrnoCode, errno, errnoName } from '../abi/errno.ts'
import { assert } from '../base/assert.ts'
import { ObservedPromise } from '../base/observed-promise.ts'
import { type CallScope, type Failure, scopeOf } from '../syscalls/call-scope.ts'
import { usesOf } from '../syscalls/descriptor-uses.ts'
import type { IoctlArg } from '../syscalls/ioctl-arg.ts'
import type { Origin } from '../syscalls/origin.ts'
import { requestName } from '../syscalls/requests/index.ts'
import type { PollFd, Syscalls, ViewScope } from '../syscalls/syscalls.ts'
import { systemError } from '../syscalls/system-error.ts'
import {
  isWatched,
  type Operation,
  type OperationProgress,
  operationListener,
} from '../syscalls/watching.ts'

/** Possible reasons of a failure, for a kernel that does not report which condition failed. */
export interface Possible {
  readonly possible: string
}

/**
 * For each error that a call may meet: which argument, why, and the way out. Built when it fails. A text
 * is complete; a `Possible` is replaced by the kernel's own reason if there is one.
 */
export type Reasons = () => Partial<Record<ErrnoCode, string | Possible>>

/** An error with several causes, of which only the kernel knows the one that it was. */
export function possibly(possible: string): Possible {
  return { possible }
}

/** Details of a failed call for its error. */
export interface CallFacts {
  readonly fd?: number | undefined
  readonly path?: string | undefined
  readonly why?: Reasons | undefined
  /** The kernel's reason. */
  readonly failure?: Failure | undefined
}

/** Further options of an ioctl. */
export interface IoctlOptions {
  readonly signal?: AbortSignal | undefined
  readonly why?: Reasons | undefined
  /** Results to return instead of throwing, as `-EAGAIN`. */
  readonly expect?: readonly number[] | undefined
}

/** Throws a SystemError for a negative `result`, and returns any other. */
export function succeed(syscall: string, result: number, facts: CallFacts = {}): number {
  if (result >= 0) return result
  const code = errnoName(result)
  const known = code === undefined ? undefined : facts.why?.()[code]
  const detail = detailOf(known, facts.failure)
  throw systemError({ errno: result, syscall, fd: facts.fd, path: facts.path, detail })
}

function detailOf(
  known: string | Possible | undefined,
  failure: Failure | undefined,
): string | undefined {
  return typeof known === 'string' ? known : (failure?.reason ?? known?.possible)
}

/**
 * The waist as the classes use it on behalf of one line of the user's program: calls carry that
 * line's origin also after an `await`, failures throw, and a call that a signal interrupted is restarted.
 */
export class Calls {
  readonly sys: Syscalls
  readonly #scope: CallScope
  readonly #origin: Origin | undefined
  /** The event of the operation that makes the calls. */
  #within: number | undefined

  private constructor(sys: Syscalls, origin: Origin | undefined) {
    this.sys = sys
    this.#scope = scopeOf(sys)
    this.#origin = origin
  }

  /** Calls for the caller of `entry`, a public method. */
  static from(sys: Syscalls, entry: unknown): Calls {
    return new Calls(sys, scopeOf(sys).originOf(entry))
  }

  /**
   * As `from`, for methods that make no resource to release: the origin is captured only while the calls
   * have a listener.
   */
  static passing(sys: Syscalls, entry: unknown): Calls {
    return new Calls(sys, isWatched(sys) ? scopeOf(sys).originOf(entry) : undefined)
  }

  /**
   * Calls for disposal: `dispose` itself stays in the stack, because below it there may be
   * the helper of a compiler that lowers `using`, which is not the user's code.
   */
  static disposing(sys: Syscalls): Calls {
    return new Calls(sys, isWatched(sys) ? scopeOf(sys).originOf(Calls.disposing) : undefined)
  }

  /** The line of the program, where it is known. */
  get origin(): Origin | undefined {
    return this.#origin
  }

  /**
   * Runs `body` with this origin in force, so that public methods it calls do not take another. The kernel
   * writes its reason to `failure`.
   */
  run<T>(body: () => T, failure?: Failure): T {
    return this.#scope.run({ origin: this.#origin, within: this.#within, failure }, body)
  }

  /**
   * May sleep. Runs `body` as one operation that the program has to await. Where a checker listens, the
   * promise says whether it was awaited; inside another operation it is part of that one. `begin` checks
   * the arguments and returns the operation; the promise rejects with the error that it throws. `body`
   * gets its progress where a checker listens.
   */
  operation<T>(
    begin: () => Operation,
    body: (progress?: OperationProgress) => Promise<T>,
  ): Promise<T> {
    let operation: Operation
    try {
      operation = begin()
    } catch (error) {
      return Promise.reject(error)
    }
    const origin = this.#origin
    const { within } = this.#scope
    const listener = this.#scope.origin === undefined ? operationListener(this.sys) : undefined
    if (listener === undefined || origin === undefined) return body()
    const progress = listener(operation, origin, within)
    this.#within = progress.event
    const work = body(progress)
    const result = ObservedPromise.from(work, () => progress.awaited())
    const ended = (): void => progress.ended()
    work.then(ended, ended)
    return result
  }

  /** Makes a synchronous call, and returns its result. Throws a SystemError where it fails. */
  call(syscall: string, body: () => number, facts: CallFacts = {}): number {
    const failure: Failure = {}
    return succeed(syscall, this.run(body, failure), { ...facts, failure })
  }

  /** Opens `path`, close-on-exec; returns the descriptor. */
  open(path: string, flags: number, why?: Reasons): number {
    return this.call('open', () => this.sys.open(path, flags), { path, why })
  }

  /** Closes `fd`. */
  close(fd: number): void {
    this.call('close', () => this.sys.close(fd), { fd })
  }

  /** Unmaps memory that `mmap` mapped. */
  munmap(address: number, length: number): void {
    this.call('munmap', () => this.sys.munmap(address, length))
  }

  /** Memory for JavaScript to touch directly. */
  view(address: number, length: number, scope: ViewScope): Uint8Array<ArrayBuffer> {
    const failure: Failure = {}
    const result = this.#view(address, length, scope, failure)
    if (typeof result !== 'number') return result
    succeed('view', result, { why: viewReasons, failure })
    assert(false, `view returned ${result}, which is neither memory nor an error`)
  }

  /** As `view`; undefined where the pages cannot be shown as one array. */
  viewWhole(
    address: number,
    length: number,
    scope: ViewScope,
  ): Uint8Array<ArrayBuffer> | undefined {
    const failure: Failure = {}
    const result = this.#view(address, length, scope, failure)
    if (typeof result !== 'number') return result
    if (result === -errno.EINVAL) return undefined
    succeed('view', result, { why: viewReasons, failure })
    return undefined
  }

  #view(
    address: number,
    length: number,
    scope: ViewScope,
    failure: Failure,
  ): Uint8Array<ArrayBuffer> | number {
    return this.run(() => this.sys.view(address, length, scope), failure)
  }

  /** May sleep. Carries out `request`; restarts on EINTR and EAGAIN until `signal` aborts. */
  async ioctl(
    fd: number,
    request: number,
    argument: IoctlArg,
    options: IoctlOptions = {},
  ): Promise<number> {
    const { signal, why, expect } = options
    const uses = usesOf(this.sys)
    const changes = uses?.changesOf(fd)
    for (;;) {
      signal?.throwIfAborted()
      const failure: Failure = {}
      const result = await this.run(
        () => this.sys.ioctl(fd, request, argument, { signal }),
        failure,
      )
      if (expect?.includes(result)) return result
      if (result === -errno.EINTR || result === -errno.EAGAIN) {
        if (uses?.changesOf(fd) === changes) continue
        throw systemError({ errno: -errno.EBADF, syscall: requestName(request), fd, detail: GONE })
      }
      return succeed(requestName(request), result, { fd, why, failure })
    }
  }

  /** May sleep, until one of `fds` is ready; restarts on EINTR until `signal` aborts. */
  async poll(fds: readonly PollFd[], signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      signal?.throwIfAborted()
      const result = await this.run(() => this.sys.poll(fds, -1, { signal }))
      if (result === -errno.EINTR) continue
      succeed('poll', result, { fd: fds[0]?.fd })
      return
    }
  }
}

/** A request that is made again means the file of the first time. */
const GONE = 'the descriptor was closed while the request waited: close it after that'

const viewReasons: Reasons = () => ({
  EFAULT: possibly('the memory is no longer mapped: use the bytes before the mapping is disposed'),
  EINVAL: possibly(
    'these pages cannot be one array: use set, fill, copy and view, which work on any memory, or the ' +
      'bytes of a CPU access, which are gathered into one array',
  ),
  ENOMEM: possibly('the host has no memory for a copy of the mapping: map a part of it'),
})
