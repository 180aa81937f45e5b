/**
 * Every choice of a run goes through one of these: the task that runs next, the first of two timers
 * that are due at once, the call that fails, the cache operations that the hardware makes by itself.
 *
 * A strategy may rely on this: the questions of a run depend only on the program and on the answers
 * so far. The same answers therefore lead to the same questions, which makes a list of answers a
 * schedule.
 */
import { Random } from './random.ts'

/** A way in which a run can go on. */
export interface Candidate {
  /** The task that would run. */
  readonly task: number
  readonly name: string
  /** The objects that it waits for, in words: they make two orders differ. */
  readonly touches: readonly string[]
}

/** A point at which a run can go on in several ways. */
export type ChoicePoint =
  /** One of several tasks runs next; the first became ready first. */
  | { readonly kind: 'task'; readonly options: number; readonly candidates: readonly Candidate[] }
  /** One of several timers that are due at once; the first was set first. */
  | { readonly kind: 'timer'; readonly options: number; readonly time: number }
  /** A call, or a place inside the kernel, succeeds (0) or fails (1). */
  | {
      readonly kind: 'failure'
      readonly options: 2
      /** As `kernel.fail` names it. */
      readonly call: string
      /** The errno that it would fail with. */
      readonly code: string
    }
  /** A property of the hardware's own cache operations. */
  | { readonly kind: 'cache'; readonly options: number }

/** A strategy. */
export interface Choices {
  /** The chosen way, a whole number in `[0, point.options)`; 0 if there is none. */
  choose(point: ChoicePoint): number
}

/** The task that became ready first, the timer that was set first, and no failures. */
export const firstChoices: Choices = { choose: () => 0 }

/** Seeded: the same seed gives the same run. */
export class SeededChoices implements Choices {
  readonly #random: Random
  /** A separate generator: timers that meet change nothing else in a run. */
  readonly #timers: Random

  constructor(seed: number) {
    this.#random = new Random(seed)
    this.#timers = new Random(~seed)
  }

  /** Nothing fails: a seed orders tasks, and most programs are not written for calls that fail at random. */
  choose({ kind, options }: ChoicePoint): number {
    if (kind === 'failure') return 0
    return (kind === 'timer' ? this.#timers : this.#random).below(options)
  }
}

/** A choice between tasks, timers or success and failure, as it was made. */
export interface MadeChoice {
  readonly chosen: number
  readonly options: number
}

/** Records the choices of another strategy in order, but for those of the cache. */
export class RecordingChoices implements Choices {
  readonly made: MadeChoice[] = []
  readonly #inner: Choices

  constructor(inner: Choices) {
    this.#inner = inner
  }

  choose(point: ChoicePoint): number {
    const chosen = this.#inner.choose(point)
    const { kind, options } = point
    if (kind !== 'cache') this.made.push({ chosen, options })
    return chosen
  }
}

/** The program does not ask the questions that a schedule answers. */
export class DivergedError extends Error {
  constructor(position: number, { options, kind }: ChoicePoint, expected: number) {
    super(
      `the program diverges from the schedule at choice ${position}: ` +
        `${expected} ways were recorded, and there are ${options} ${kind === 'failure' ? 'results of a call' : `${kind}s`} now; ` +
        'the program, the board or the package has changed since the schedule was recorded',
    )
    this.name = 'DivergedError'
  }
}

/** Makes recorded choices, and then those of `rest`; it leaves those of the cache to `rest`. */
export class ReplayedChoices implements Choices {
  readonly #made: readonly MadeChoice[]
  readonly #rest: Choices
  #position = 0

  constructor(made: readonly MadeChoice[], rest: Choices) {
    this.#made = made
    this.#rest = rest
  }

  /** Throws a DivergedError if another number of ways was recorded. */
  choose(point: ChoicePoint): number {
    if (point.kind === 'cache') return this.#rest.choose(point)
    const made = this.#made[this.#position]
    if (made === undefined) return this.#rest.choose(point)
    this.#position++
    if (made.options !== point.options) {
      throw new DivergedError(this.#position, point, made.options)
    }
    return made.chosen
  }
}
