/**
 * What a worker tells of a run: plain data, with the places in the user's program worked out, since the
 * stacks they come from stay behind in the worker.
 */
import type { Severity } from '../../check/finding.ts'
import type { RuleId } from '../../check/rule-id.ts'
import type { Range } from '../../events/event.ts'
import type { Cost } from '../../machine/cost.ts'
import type { LinuxFacts } from './linux.ts'
import type { RunPlan } from './plan.ts'

/** A line of the user's program: an absolute path; line and column count from 1. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

export interface LabelledPlace {
  readonly label: string
  readonly place: Place
}

export interface FoundFinding {
  readonly rule: RuleId
  readonly group: string
  readonly severity: Severity
  readonly data: boolean
  readonly hidden: boolean
  readonly wrongNow: boolean
  readonly message: string
  readonly because: string
  readonly becausePlace: Place | undefined
  readonly hardware: string
  readonly fix: string
  readonly place: Place | undefined
  readonly related: readonly LabelledPlace[]
  readonly buffer: number | undefined
  readonly range: Range | undefined
  readonly count: number
  readonly event: number
}

export interface FoundNote {
  readonly driver: string
  readonly message: string
  readonly count: number
}

export interface FoundLint {
  readonly rule: RuleId
  readonly message: string
  readonly fix: string
  readonly place: Place | undefined
  readonly buffer: number | undefined
  readonly count: number
}

/** How the program itself failed, or could not even begin. */
export type FailureKind =
  | 'threw'
  | 'stuck'
  | 'waits-elsewhere'
  | 'pending'
  | 'stopped'
  | 'rejected'
  | 'rejected-after-return'
  | 'timeout'
  | 'exited'
  | 'crashed'
  | 'not-loaded'

export interface Failure {
  readonly kind: FailureKind
  readonly message: string
  /** What to do. */
  readonly advice?: string | undefined
  readonly place?: Place | undefined
  /** Where that was called from, innermost first, all in the user's program. */
  readonly callers?: readonly Place[] | undefined
  /** A finding at the same place says what this is the consequence of. */
  readonly explained?: boolean | undefined
}

export type RecordVerdict = 'clean' | 'findings' | 'failed'

export interface RunRecord extends RunPlan {
  readonly findings: readonly FoundFinding[]
  readonly notes: readonly FoundNote[]
  readonly lints: readonly FoundLint[]
  readonly rulesNotCheckable: readonly RuleId[]
  readonly rulesPartlyCheckable: readonly RuleId[]
  readonly cost: Cost
  readonly frames: number
  readonly failure?: Failure | undefined
  /** Set for a run on the kernel of this machine. */
  readonly linux?: LinuxFacts | undefined
}

/** A run that ended with a failure nobody explains proves nothing, and is not called clean. */
export function verdictOf({ findings, failure }: RunRecord): RecordVerdict {
  if (failure !== undefined && failure.explained !== true) return 'failed'
  return findings.length > 0 ? 'findings' : 'clean'
}

/** `failed` wins over `findings`, `findings` over `clean`. */
export function overallVerdict(records: readonly RunRecord[]): RecordVerdict {
  const verdicts = records.map(verdictOf)
  if (verdicts.includes('failed')) return 'failed'
  return verdicts.includes('findings') ? 'findings' : 'clean'
}
