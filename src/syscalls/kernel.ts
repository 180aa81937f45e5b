import * as check from './arguments.ts'
import type { Syscalls, WaitOptions } from './syscalls.ts'

/** The kernel that a program runs on: the simulated one, or Linux. All classes take one. */
export interface Kernel {
  readonly name: 'sim' | 'linux'
  /** The system calls of the process, as the kernel has them: results are negative errnos, nothing throws. */
  readonly sys: Syscalls
  /**
   * May sleep: for `nanoseconds` of the kernel's own clock. Rejects with EINTR when aborted, and
   * with ERR_INVALID_ARG_TYPE or ERR_OUT_OF_RANGE for a wrong time.
   */
  sleep(nanoseconds: number, options?: WaitOptions): Promise<void>
  /** The kernel's monotonic clock, in nanoseconds. */
  now(): number
  /**
   * May sleep. Runs `body` as another task beside the caller and resolves with its result. On the
   * simulated kernel the two are interleaved at calls that may sleep, and findings name the task.
   */
  spawn<T>(name: string, body: () => Promise<T>): Promise<T>
}

/** Checks the arguments of `Kernel.sleep`. Throws the error that it rejects with. */
export function checkSleep(nanoseconds: unknown, options: unknown): void {
  check.number('nanoseconds', nanoseconds)
  if (!(nanoseconds >= 0 && nanoseconds <= Number.MAX_SAFE_INTEGER)) {
    throw check.outOfRange('nanoseconds', '>= 0 && <= 2 ** 53 - 1', nanoseconds)
  }
  check.waitOptions('options', options)
}
