import type { Failure } from '../check/report/failure.ts'
import type { SimKernel } from '../sim/index.ts'
import type { Kernel } from '../uapi/kernel.ts'

/** A program: what the default export of a file for `dmabuf run` is. It may return a promise. */
export type Program = (kernel: Kernel) => unknown

/** What a program's file may export beside it, as `prepare`: plans failures before the program begins. */
export type Prepare = (kernel: SimKernel) => void

/** How a program itself failed, apart from what the checker found. */
export interface ProgramError extends Failure {
  /**
   * `threw`: it threw or rejected; `stuck`: it waits for something that no device will deliver;
   * `waits-elsewhere`: it waits for something that the kernel does not know, as a timer or a fetch;
   * `pending`: it returned while calls of it were still under way; `stopped`: the caller stopped it.
   */
  readonly kind: 'threw' | 'stuck' | 'waits-elsewhere' | 'pending' | 'stopped'
  /** What happened and the way out, in a sentence or two. */
  readonly message: string
  readonly cause?: unknown
}

/** How a program ended: with what it returned, or with how it failed. */
export type ProgramEnd = { readonly value: unknown } | { readonly error: ProgramError }
