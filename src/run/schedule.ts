/** The choices of a run. */
import { type Choices, firstChoices, parseSchedule, type Schedule } from '../sim/index.ts'
import type { Callbacks } from './callbacks.ts'
import type { RunOptions } from './run-program.ts'

/** Without a schedule the random policy seeds all choices, and the others take the first candidate. */
export function scheduleFor({ schedule, policy, seed = 1 }: RunOptions): Schedule {
  if (schedule !== undefined) return parseSchedule(schedule)
  return { seed: policy === 'random' ? seed : undefined, made: [] }
}

/** `choices`; where the program diverges from them, the run ends with that error. */
export function guardedChoices(choices: Choices, callbacks: Callbacks): Choices {
  return {
    choose: (point) =>
      callbacks.call('the schedule', () => choices.choose(point)) ?? firstChoices.choose(point),
  }
}
