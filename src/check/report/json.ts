/** The report for other programs, as `schema/report-v1.json` describes it. */
import type { Range } from '../../events/event.ts'
import type { Finding, Lint, Severity, SourcePlace } from '../finding.ts'
import type { RuleId } from '../rules/index.ts'
import type { Failure, FailureKind } from './failure.ts'
import {
  type CostReport,
  overallVerdict,
  type RunReport,
  type Verdict,
  verdictOf,
} from './run-report.ts'

/** A line of the program; `null` where none is known. */
export interface PlaceJson {
  readonly file: string | null
  readonly line: number | null
  readonly column: number | null
}
export interface LabelledPlaceJson extends PlaceJson {
  readonly label: string
}
export interface FindingJson extends PlaceJson {
  readonly rule: RuleId
  readonly group: string
  readonly severity: Severity
  readonly data: boolean
  readonly hidden: boolean
  readonly wrongNow: boolean
  readonly wrongBytes: number
  readonly message: string
  readonly because: string
  readonly becauseAt: PlaceJson | null
  readonly related: readonly LabelledPlaceJson[]
  readonly hardware: string
  readonly fix: string
  readonly buffer: number | null
  readonly range: Range | null
  readonly count: number
  readonly event: number
}
export interface NoteJson {
  readonly driver: string
  readonly message: string
  readonly count: number
}
export interface LintJson extends PlaceJson {
  readonly rule: RuleId
  readonly message: string
  readonly fix: string
  readonly buffer: number | null
  readonly count: number
}
export interface ErrorJson extends PlaceJson {
  /** `usage`: the command was called with wrong arguments. */
  readonly kind: FailureKind | 'usage'
  readonly message: string
  readonly advice: string | null
  readonly explained: boolean
}
export interface RunJson {
  readonly board: string
  readonly judgedAs: string
  readonly policy: string
  readonly seed: number
  readonly schedule: string | null
  readonly verdict: Verdict
  readonly findings: readonly FindingJson[]
  readonly notes: readonly NoteJson[]
  readonly lints: readonly LintJson[]
  readonly cost: CostReport
  readonly frames: number
  readonly wrongFrames: number
  readonly firstWrongFrame: number | null
  readonly rulesNotCheckable: readonly RuleId[]
  readonly rulesPartlyCheckable: readonly RuleId[]
  readonly kernel?: { readonly release: string; readonly memory: string }
  readonly error?: ErrorJson
}
/** `dmabuf run --json` prints one. */
export interface ReportJson {
  readonly version: 1
  readonly program: string
  readonly verdict: Verdict
  readonly runs: readonly RunJson[]
  /** Why runs are missing. */
  readonly error?: ErrorJson | undefined
}

/** How the report names a file, from its absolute path. */
export type FileName = (path: string) => string

const asIs: FileName = (path) => path

/** The report of all runs of `program`. Paths are absolute unless `fileName` shortens them. */
export function reportJson(
  program: string,
  runs: readonly RunReport[],
  fileName: FileName = asIs,
): ReportJson {
  const verdict = overallVerdict(runs.map(verdictOf))
  return { version: 1, program, verdict, runs: runs.map((run) => runJson(run, fileName)) }
}

/** The report where runs are missing because of `failure`; `runs` are those that ended before. */
export function failedReportJson(
  program: string,
  failure: Omit<Failure, 'kind'> & Pick<ErrorJson, 'kind'>,
  fileName: FileName = asIs,
  runs: readonly RunReport[] = [],
): ReportJson {
  const error = failureJson(failure, fileName)
  return { ...reportJson(program, runs, fileName), verdict: 'failed', error }
}

function runJson(run: RunReport, fileName: FileName): RunJson {
  const { board, judgedAs, policy, seed, schedule = null, cost, frames, wrongFrames } = run
  const { firstWrongFrame, kernel, error, rulesNotCheckable, rulesPartlyCheckable } = run
  return {
    ...{ board, judgedAs, policy, seed, schedule, verdict: verdictOf(run) },
    findings: run.findings.map((finding) => findingJson(finding, fileName)),
    notes: run.notes.map(({ driver, message, count }) => ({ driver, message, count })),
    lints: run.lints.map((lint) => lintJson(lint, fileName)),
    ...{ cost, frames, wrongFrames, firstWrongFrame: firstWrongFrame ?? null },
    ...{ rulesNotCheckable, rulesPartlyCheckable },
    ...(kernel === undefined ? {} : { kernel }),
    ...(error === undefined ? {} : { error: failureJson(error, fileName) }),
  }
}

function findingJson(finding: Finding, fileName: FileName): FindingJson {
  const { rule, group, severity, data, hidden, wrongNow, wrongBytes, message, because } = finding
  const { hardware, fix } = finding
  const { place, related, buffer = null, range = null, count, firstEvent } = finding
  const { place: becausePlace } = because
  return {
    ...{ rule, group, severity, data, hidden, wrongNow, wrongBytes, message },
    ...{ because: because.text, hardware, fix, count, event: firstEvent },
    ...placeJson(place, fileName),
    ...{ buffer, range },
    becauseAt: becausePlace === undefined ? null : placeJson(becausePlace, fileName),
    related: related
      .filter((one) => one.place !== undefined)
      .map((one) => ({ label: one.label, ...placeJson(one.place, fileName) })),
  }
}

function lintJson(lint: Lint, fileName: FileName): LintJson {
  const { rule, message, fix, buffer = null, count } = lint
  return { rule, message, fix, count, ...placeJson(lint.place, fileName), buffer }
}

function failureJson(
  failure: Omit<Failure, 'kind'> & Pick<ErrorJson, 'kind'>,
  fileName: FileName,
): ErrorJson {
  const { kind, message, advice = null, place, explained = false } = failure
  return { kind, message, advice, explained, ...placeJson(place, fileName) }
}

function placeJson(place: SourcePlace | undefined, fileName: FileName): PlaceJson {
  if (place === undefined) return { file: null, line: null, column: null }
  return { file: fileName(place.file), line: place.line, column: place.column }
}
