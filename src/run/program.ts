import type { Failure } from '../check/report/failure.ts'
import type { SimKernel } from '../sim/index.ts'
import type { Kernel } from '../syscalls/kernel.ts'

/** A program: a function of the kernel that it runs on, and the default export of a file for `dmabuf run`. */
export type Program = (kernel: Kernel) => unknown

/** Called before the program begins, to plan failures; a program's file exports it as `prepare`. */
export type Prepare = (kernel: SimKernel) => void

/** How a program itself failed, apart from the findings. */
export interface ProgramError extends Failure {
  /**
   * `threw`: it threw or rejected; `stuck`: it waits for something that no device will deliver;
   * `waits-elsewhere`: it waits for something outside the simulator, such as a timer or a fetch;
   * `pending`: it returned while calls of it were still under way; `stopped`: the caller stopped it.
   */
  readonly kind: 'threw' | 'stuck' | 'waits-elsewhere' | 'pending' | 'stopped'
  /** The failure and the way out, in a sentence or two. */
  readonly message: string
  /** The value that was thrown. */
  readonly cause?: unknown
  /** It threw, and left no task and no call under way. */
  readonly unwound?: boolean | undefined
}

/** The end of a program: its result, or its failure. */
export type ProgramEnd = { readonly value: unknown } | { readonly error: ProgramError }
