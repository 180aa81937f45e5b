/** The result of one run of the command: plain data, which crosses from worker to command. */
import type { Finding, Lint, Note, SourcePlace } from '../../check/finding.ts'
import type { Failure } from '../../check/report/failure.ts'
import {
  overallVerdict as overall,
  type RunReport,
  type Verdict,
  verdictOf as verdictOfReport,
} from '../../check/report/run-report.ts'
import type { RuleId } from '../../check/rules/index.ts'
import type { PlannedFailure } from '../../kernel/process/failures.ts'
import type { Cost } from '../../machine/cost.ts'
import type { LinuxFacts } from './linux.ts'
import type { RunPlan } from './plan.ts'

export type { Failure, FailureKind } from '../../check/report/failure.ts'
export type Place = SourcePlace
export type RecordVerdict = Verdict

export interface RunRecord extends RunPlan {
  /** The choices of the run; absent on a real kernel. */
  readonly schedule?: string | undefined
  /** The calls that were made to fail, where failures are choices. */
  readonly failures?: readonly PlannedFailure[] | undefined
  readonly findings: readonly Finding[]
  readonly notes: readonly Note[]
  readonly lints: readonly Lint[]
  readonly rulesNotCheckable: readonly RuleId[]
  readonly rulesPartlyCheckable: readonly RuleId[]
  readonly cost: Cost
  readonly frames: number
  readonly wrongFrames: number
  readonly firstWrongFrame?: number | undefined
  readonly failure?: Failure | undefined
  /** Set for a run on the kernel of this machine. */
  readonly linux?: LinuxFacts | undefined
}

export function verdictOf({ findings, failure }: RunRecord): Verdict {
  return verdictOfReport({ findings, error: failure })
}

export function overallVerdict(records: readonly RunRecord[]): Verdict {
  return overall(records.map(verdictOf))
}

/** The record as the report for other programs takes it. */
export function reportOf(record: RunRecord): RunReport {
  const { failure, linux, cost, failures: _, ...rest } = record
  return { ...rest, cost: { ...cost }, error: failure, kernel: linux }
}
