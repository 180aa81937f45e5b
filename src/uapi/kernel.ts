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
  /** May sleep: for `nanoseconds` of the kernel's own clock. Rejects with EINTR when aborted. */
  sleep(nanoseconds: number, options?: WaitOptions): Promise<void>
  /** The kernel's monotonic clock, in nanoseconds. */
  now(): number
  /**
   * May sleep. Runs `body` as a task of its own beside the caller and resolves with its result. On
   * the sim the two are interleaved at the calls that may sleep, and findings name the task.
   */
  spawn<T>(name: string, body: () => Promise<T>): Promise<T>
}
