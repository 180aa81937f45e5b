import type { CheckResult } from '../finding.ts'
import type { Failure } from './failure.ts'

/** `failed`: the program did not run to completion, and no finding says why. Nothing is proved then. */
export type Verdict = 'clean' | 'findings' | 'failed'

/** The cost of a run, in bytes and calls; the names are the machine's. */
export interface CostReport {
  readonly [name: string]: number
}

/** One program on one board, under one policy and seed. */
export interface RunReport extends CheckResult {
  /** `linux` on a real kernel. */
  readonly board: string
  /** The board that the verdict is about: the run's own, or the reference of a coherent one. */
  readonly judgedAs: string
  readonly policy: string
  /** 0 on a real kernel. */
  readonly seed: number
  /** The choices of the run as a text that replays it; absent on a real kernel. */
  readonly schedule?: string | undefined
  readonly cost: CostReport
  /** Pictures that the display scanned out. */
  readonly frames: number
  /**
   * At least so many of them have bytes that a coherent machine would not have shown: a store that the run does
   * not observe (docs/limits.md) is missing on both.
   */
  readonly wrongFrames: number
  /** The number of the first one; the first picture is 1. */
  readonly firstWrongFrame?: number | undefined
  /** How the program itself failed. */
  readonly error?: Failure | undefined
  /** The real kernel that the run was on; absent for a simulated board. */
  readonly kernel?: { readonly release: string; readonly memory: string } | undefined
}

/** Failures that no finding explains and findings decide; notes and lints do not. */
export function verdictOf({ findings, error }: Pick<RunReport, 'findings' | 'error'>): Verdict {
  if (error !== undefined && error.explained !== true) return 'failed'
  return findings.length > 0 ? 'findings' : 'clean'
}

/** The verdict on several runs of one program: `failed` outranks `findings`, `findings` outranks `clean`. */
export function overallVerdict(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes('failed')) return 'failed'
  return verdicts.includes('findings') ? 'findings' : 'clean'
}
