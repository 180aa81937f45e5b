/** A program under several mechanisms, as a table for other programs. */
import type { CostReport, RunReport, Verdict } from './run-report.ts'
import { verdictOf } from './run-report.ts'

/** One program under one mechanism on one board, with one kind of importers. */
export interface ComparisonRow {
  /** The mechanism's name. */
  readonly mechanism: string
  /** When the camera and the display mapped their imports: `kept` or `per-use`. */
  readonly imports: string
  readonly board: string
  /** The board that the verdict is about. */
  readonly judgedAs: string
  readonly policy: string
  readonly verdict: Verdict
  /** Rules that report the run, in the order of their findings. */
  readonly rules: readonly string[]
  /** Why the program did not run to its end: a device or a board may refuse the buffers. */
  readonly error: string | null
  readonly frames: number
  readonly wrongFrames: number
  readonly cost: CostReport
}

/** `dmabuf compare --json` prints one. */
export interface ComparisonJson {
  readonly version: 1
  readonly program: string
  readonly rows: readonly ComparisonRow[]
  /** Why rows are missing. */
  readonly error?: string
}

/** The dimensions of a comparison besides the board. */
export type ComparedSetup = Pick<ComparisonRow, 'mechanism' | 'imports'>

export function comparisonRow(setup: ComparedSetup, report: RunReport): ComparisonRow {
  const { board, judgedAs, policy, findings, error, frames, wrongFrames, cost } = report
  return {
    ...setup,
    ...{ board, judgedAs, policy },
    verdict: verdictOf(report),
    rules: [...new Set(findings.map(({ rule }) => rule))],
    error: error?.message ?? null,
    ...{ frames, wrongFrames, cost: { ...cost } },
  }
}
