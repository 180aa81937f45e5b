/** The choices of a run. */
import {
  type ChoicePoint,
  type Choices,
  choicesFor,
  firstChoices,
  parseSchedule,
  RecordingChoices,
  type Schedule,
  SeededChoices,
} from '../sim/index.ts'
import type { Callbacks } from './callbacks.ts'
import type { RunOptions } from './run-program.ts'

/** A strategy, and the schedule that replays its choices. */
export interface RunChoices {
  readonly choices: Choices
  /** Seeds the choices of the cache. */
  readonly seed: number
  /** The choices so far. */
  readonly schedule: () => Schedule
}

/** Without a schedule the random policy seeds all choices, and the others take the first candidate. */
export function runChoices(options: RunOptions, callbacks: Callbacks): RunChoices {
  const schedule = scheduleFor(options)
  const seed = schedule.seed ?? options.seed ?? 1
  const { choices: custom } = options
  if (custom === undefined) {
    return {
      choices: guarded('the schedule', choicesFor(schedule), callbacks),
      ...{ seed, schedule: () => schedule },
    }
  }
  const chosen = guarded('choices.choose', checked(custom), callbacks)
  const recording = new RecordingChoices(cacheSeeded(chosen, seed))
  return {
    ...{ choices: recording, seed },
    schedule: () => ({ ...schedule, made: recording.made }),
  }
}

function scheduleFor({ schedule, policy, seed = 1, timeless, failures }: RunOptions): Schedule {
  if (schedule !== undefined) return parseSchedule(schedule)
  const base = { seed: policy === 'random' ? seed : undefined, made: [] }
  return {
    ...(timeless === true ? { timeless } : {}),
    ...(failures === true ? { failures } : {}),
    ...base,
  }
}

/** A schedule does not list the choices of the cache: they have to follow from its seed. */
function cacheSeeded(choices: Choices, seed: number): Choices {
  const seeded = new SeededChoices(seed)
  return {
    choose: (point) => (point.kind === 'cache' ? seeded : choices).choose(point),
  }
}

/** Throws a RangeError for an answer that is none of the ways. */
function checked(choices: Choices): Choices {
  return {
    choose: (point) => {
      const chosen = choices.choose(point)
      if (isWay(chosen, point)) return chosen
      throw new RangeError(
        `it returned ${String(chosen)}, which is not a whole number from 0 to ${point.options - 1}`,
      )
    },
  }
}

function isWay(chosen: number, { options }: ChoicePoint): boolean {
  return Number.isInteger(chosen) && chosen >= 0 && chosen < options
}

/** An error of `choices` ends the run; until it has ended the first candidate is chosen. */
function guarded(name: string, choices: Choices, callbacks: Callbacks): Choices {
  return {
    choose: (point) =>
      callbacks.call(name, () => choices.choose(point)) ?? firstChoices.choose(point),
  }
}
