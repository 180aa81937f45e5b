import type { Finding } from '../../check/finding.ts'
import {
  type Choices,
  firstChoices,
  type PlannedFailure,
  RecordingChoices,
  ReplayedChoices,
} from '../../sim/index.ts'
import * as check from '../../syscalls/arguments.ts'
import type { Program, ProgramError } from '../program.ts'
import { type RunOptions, type RunResult, runProgram } from '../run-program.ts'
import { type OrderPrefix, OrderSearch } from './order-search.ts'

export interface ExploreOptions
  extends Omit<
    RunOptions,
    'kernel' | 'schedule' | 'choices' | 'timeless' | 'trace' | 'onEvent' | 'onFrame'
  > {
  /**
   * Tries failures as well: each call that can fail, and each place inside the kernel, is a choice, and a failure
   * counts as a deviation. An error that the program throws then is its answer, and is not reported; a hang is.
   * Default: false.
   */
  readonly failures?: boolean | undefined
  /** The most deviations of an order from the usual one. Default: 2. */
  readonly bound?: number | undefined
  /** The most orders to try. Default: 1000. */
  readonly limit?: number | undefined
  /** Called after each run with its result and the count of runs. */
  readonly onRun?: ((result: RunResult, runs: number) => void) | undefined
}

/** A finding or an error, with the first order that shows it. */
export interface Explored<T> {
  readonly item: T
  /** Replays that order: option `schedule` of `runProgram`, and `dmabuf run --schedule`. */
  readonly schedule: string
  /** The calls that failed in that order, with the option `failures`. */
  readonly failures?: readonly PlannedFailure[] | undefined
  /** How many of the tried orders show it. */
  readonly runs: number
}

export interface Exploration {
  /** Orders that were tried. */
  readonly runs: number
  /** Whether these are all orders of the program's tasks and timers, and of its failures if those are tried. */
  readonly complete: boolean
  /** Distinct by rule and line. */
  readonly findings: readonly Explored<Finding>[]
  /** Failures of the program itself, such as a deadlock; distinct by kind and message. */
  readonly errors: readonly Explored<ProgramError>[]
}

/** Deviations from the usual order, at most, when the caller names no bound. */
export const USUAL_BOUND = 2
/** Orders, at most, when the caller names no limit. */
export const USUAL_LIMIT = 1000

/**
 * May sleep. Runs `program` once for each order of its tasks and timers, those with few deviations first, and
 * reports the findings and errors of all. Calls take no time (`timeless`), and only devices' own delays order
 * tasks. Each run begins with a new kernel; state of the program outside of its function is shared by the runs,
 * and makes them diverge. Rejects for wrong options.
 */
export async function exploreProgram(
  program: Program,
  { bound = USUAL_BOUND, limit = USUAL_LIMIT, onRun, ...options }: ExploreOptions = {},
): Promise<Exploration> {
  check.integer('options.bound', bound, 0)
  check.integer('options.limit', limit, 1)
  const search = new OrderSearch({ bound, limit })
  const findings = new Outcomes<Finding>()
  const errors = new Outcomes<ProgramError>()
  while (!isStopped(options.signal)) {
    const prefix = search.next()
    if (prefix === undefined) break
    const choices = new RecordingChoices(startingWith(prefix))
    const result = await runProgram(program, {
      ...options,
      timeless: true,
      choices,
    })
    const { schedule = '', failures } = result
    const order = { schedule, ...(failures === undefined ? {} : { failures }) }
    search.ran(isStopped(options.signal) ? undefined : choices.made)
    for (const one of result.findings) {
      findings.add(`${one.rule} ${one.where ?? one.message}`, one, order)
    }
    if (result.error !== undefined && !isAnswer(result.error, failures)) {
      errors.add(`${result.error.kind} ${result.error.message}`, result.error, order)
    }
    onRun?.(result, search.runs)
  }
  const { runs, isComplete } = search
  return { runs, complete: isComplete, findings: findings.all, errors: errors.all }
}

/** Whether a program that threw answered a call that was made to fail: it may. */
export function isAnswer(
  { kind }: { readonly kind: string },
  failures: readonly unknown[] | undefined,
): boolean {
  return kind === 'threw' && failures !== undefined && failures.length > 0
}

/** The signal may have been aborted while a run went on. */
function isStopped(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true
}

/** The choices of a prefix, and then first candidates. */
export function startingWith(prefix: OrderPrefix): Choices {
  return new ReplayedChoices(prefix, firstChoices)
}

type Order = Pick<Explored<unknown>, 'schedule' | 'failures'>

/** Distinct things with the first schedule of each, and their count. */
class Outcomes<T> {
  readonly #known = new Map<string, Order & { item: T; runs: number }>()

  add(key: string, item: T, order: Order): void {
    const known = this.#known.get(key)
    if (known === undefined) this.#known.set(key, { item, ...order, runs: 1 })
    else known.runs++
  }

  get all(): Explored<T>[] {
    return [...this.#known.values()].map((one) => ({ ...one }))
  }
}
