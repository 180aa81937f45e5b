import type { SourcePlace } from '../finding.ts'

export const failureKinds = [
  'threw',
  'stuck',
  'waits-elsewhere',
  'pending',
  'stopped',
  'rejected',
  'rejected-after-return',
  'timeout',
  'exited',
  'crashed',
  'not-loaded',
  'not-recorded',
  'interrupted',
] as const

/** How a program itself failed, or why it could not even begin. */
export type FailureKind = (typeof failureKinds)[number]

export interface LaterError {
  readonly message: string
  readonly place: SourcePlace | undefined
}

/** A failure of the program, apart from the findings about it. */
export interface Failure {
  readonly kind: FailureKind
  /** The failure and the way out, in a sentence or two. */
  readonly message: string
  /** How to mend it, where the message does not say. */
  readonly advice?: string | undefined
  /** The line of the program, where it is known. */
  readonly place?: SourcePlace | undefined
  /** The lines that called it, innermost first, all in the user's program. */
  readonly callers?: readonly SourcePlace[] | undefined
  /** Errors that followed from it, while resources were disposed, in their order. */
  readonly then?: readonly LaterError[] | undefined
  /** Whether a finding names the cause, so that the failure only follows from it. */
  readonly explained?: boolean | undefined
}
