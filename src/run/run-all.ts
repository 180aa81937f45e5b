/** A program on several boards under several policies, as the command runs it. */
import type { Finding, Lint, Note } from '../check/finding.ts'
import { mergeFindings, mergeLints, mergeNotes } from '../check/report/merge.ts'
import { overallVerdict, type Verdict } from '../check/report/run-report.ts'
import type { Board, ShownFrame } from '../sim/index.ts'
import { checkOptions, checkProgram, checkRunAll } from './options.ts'
import { type PolicyName, plannedRuns, policyNames, type RunName, USUAL_BOARDS } from './plan.ts'
import type { Program, ProgramError } from './program.ts'
import { type RunOptions, type RunResult, runProgram } from './run-program.ts'

export interface RunAllOptions
  extends Omit<
    RunOptions,
    'board' | 'policy' | 'kernel' | 'onFrame' | 'onEvent' | 'trace' | 'schedule' | 'choices'
  > {
  /** Ready boards by name, `all` of them, or tables; `pc` and `arm-soc` unless given. */
  readonly boards?: readonly (Board | string)[] | undefined
  /**
   * `lazy`, `eager` and `random` unless given. Without `random`, stores by index to an array that has ended may go
   * unnoticed: see `RunOptions.policy`.
   */
  readonly policies?: readonly PolicyName[] | undefined
  /** As for `runProgram`, with the run that shows the frame. */
  readonly onFrame?: ((frame: ShownFrame, run: RunName) => void) | undefined
}

/** One mistake of the program, with the runs that saw it. */
export interface FindingOfRuns extends Finding {
  readonly seenOn: readonly RunName[]
  /** The runs whose own bytes came out wrong. */
  readonly wrongOn: readonly RunName[]
  /** The runs whose bytes came out right, though legal hardware may get them wrong. */
  readonly hiddenOn: readonly RunName[]
}

/** The result of all runs of a program. */
export interface RunAllResult {
  /** That of the worst run: `failed` outranks `findings`, `findings` outranks `clean`. */
  readonly verdict: Verdict
  /** The result of each run, board by board. */
  readonly runs: readonly RunResult[]
  /** Distinct by rule and line; errors before warnings. */
  readonly findings: readonly FindingOfRuns[]
  readonly notes: readonly Note[]
  readonly lints: readonly Lint[]
  /** How the program itself failed in the first run in which it did, unexplained failures first. */
  readonly error?: ProgramError | undefined
}

/**
 * May sleep. Runs `program` on every board under every policy, one run after the other, and merges the
 * findings: two boards by three policies unless the options say otherwise. Each run gets a new kernel,
 * and calls the same function, which must keep no state between calls. Rejects for wrong
 * options only; how the program itself failed is in the result.
 */
export async function runAll(program: Program, options: RunAllOptions = {}): Promise<RunAllResult> {
  checkProgram(program)
  checkRunAll(options)
  const { boards = USUAL_BOARDS, policies = policyNames, onFrame, ...rest } = options
  checkOptions(rest)
  const runs: RunResult[] = []
  for (const planned of plannedRuns({ boards, policies, as: rest.as, seed: rest.seed ?? 1 })) {
    const { board, judgedAs, policy, seed } = planned
    const name = { board: board.name, judgedAs: judgedAs.name, policy, seed }
    const shown = onFrame === undefined ? {} : { onFrame: frameListener(onFrame, name) }
    runs.push(await runProgram(program, { ...rest, board, as: judgedAs, policy, seed, ...shown }))
  }
  return resultOf(runs)
}

function frameListener(
  onFrame: NonNullable<RunAllOptions['onFrame']>,
  run: RunName,
): NonNullable<RunOptions['onFrame']> {
  return (frame) => onFrame(frame, run)
}

function resultOf(runs: readonly RunResult[]): RunAllResult {
  const errors = runs.flatMap(({ error }) => (error === undefined ? [] : [error]))
  return {
    verdict: overallVerdict(runs.map(({ verdict }) => verdict)),
    runs,
    findings: mergeFindings(runs).map(({ finding, seen, wrong, hidden }) => ({
      ...finding,
      seenOn: seen.map(nameOf),
      wrongOn: wrong.map(nameOf),
      hiddenOn: hidden.map(nameOf),
    })),
    notes: mergeNotes(runs).map(({ item }) => item),
    lints: mergeLints(runs).map(({ item }) => item),
    error: errors.find(({ explained }) => explained !== true) ?? errors[0],
  }
}

function nameOf({ board, judgedAs, policy, seed }: RunResult): RunName {
  return { board, judgedAs, policy, seed }
}
