import type { Sequence, Step } from './operation.ts'
import type { World } from './world.ts'

/** A difference that is meant to be. */
export interface Limit {
  readonly name: string
  readonly reason: string
  /** The shortest sequence that shows it: its last step differs, else the entry is out of date. */
  readonly shownBy: Sequence
  /** Whether `step` would show it, and is left out of random sequences. */
  covers(step: Step, world: World): boolean
}

export const limits: readonly Limit[] = []

/** The name of the limit that `step` would run into. */
export function limitOf(step: Step, world: World): string | undefined {
  return limits.find((limit) => limit.covers(step, world))?.name
}
