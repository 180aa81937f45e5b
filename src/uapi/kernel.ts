import * as check from './arguments.ts'
import type { Syscalls, WaitOptions } from './syscalls.ts'

/**
 * What a program is given: the kernel that it runs on.
 *
 * `sim` and `linux` both provide it; the classes over the waist need nothing else.
 */
export interface Kernel {
  readonly name: 'sim' | 'linux'
  /** The waist of the calling process. */
  readonly sys: Syscalls
  /**
   * May sleep: for `nanoseconds` of the kernel's own clock. Rejects with EINTR when aborted, and with
   * ERR_INVALID_ARG_TYPE or ERR_OUT_OF_RANGE for what is no time.
   */
  sleep(nanoseconds: number, options?: WaitOptions): Promise<void>
  /** The kernel's monotonic clock, in nanoseconds. */
  now(): number
  /**
   * May sleep. Runs `body` as a task of its own beside the caller and resolves with its result. On
   * the sim the two are interleaved at the calls that may sleep, and findings name the task.
   */
  spawn<T>(name: string, body: () => Promise<T>): Promise<T>
}

/** What `Kernel.sleep` may be given. Throws as it rejects; never sleeps. */
export function checkSleep(nanoseconds: unknown, options: unknown): void {
  check.number('nanoseconds', nanoseconds)
  if (!(nanoseconds >= 0 && nanoseconds <= Number.MAX_SAFE_INTEGER)) {
    throw check.outOfRange('nanoseconds', '>= 0 && <= 2 ** 53 - 1', nanoseconds)
  }
  check.waitOptions('options', options)
}
