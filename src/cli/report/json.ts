/**
 * The report for other programs, as `schema/report-v1.json` describes it. `program` is the file as the
 * command line gave it.
 */
import type {
  Failure,
  FoundFinding,
  FoundLint,
  Place,
  RecordVerdict,
  RunRecord,
} from '../runs/record.ts'
import { overallVerdict, verdictOf } from '../runs/record.ts'
import { fileText } from '../terminal/style.ts'
import { UsageError } from '../usage-error.ts'

/** Where something is; `null` where no line of the program is known. Paths are relative to the cwd. */
export interface PlaceJson {
  readonly file: string | null
  readonly line: number | null
  readonly column: number | null
}

export interface ReportJson {
  readonly version: 1
  readonly program: string
  readonly verdict: RecordVerdict
  readonly runs: readonly object[]
  /** Why there are no runs. */
  readonly error?: object
}

export function reportJson(program: string, records: readonly RunRecord[]): ReportJson {
  const verdict = overallVerdict(records)
  return { version: 1, program, verdict, runs: records.map(runJson) }
}

/** A report of a program that never ran. */
export function failedReportJson(program: string, failure: Failure | UsageError): ReportJson {
  const { message, advice } = failure
  const error =
    failure instanceof UsageError ? ({ kind: 'usage', message, advice } as const) : failure
  return { version: 1, program, verdict: 'failed', runs: [], error: failureJson(error) }
}

function runJson(record: RunRecord): object {
  const { board, judgedAs, policy, seed, notes, cost, frames, linux } = record
  const { rulesNotCheckable, rulesPartlyCheckable } = record
  return {
    ...{ board, judgedAs, policy, seed, verdict: verdictOf(record) },
    findings: record.findings.map(findingJson),
    notes,
    lints: record.lints.map(lintJson),
    ...{ cost, frames, rulesNotCheckable, rulesPartlyCheckable },
    ...(linux === undefined ? {} : { kernel: linux }),
    ...(record.failure === undefined ? {} : { error: failureJson(record.failure) }),
  }
}

function findingJson(finding: FoundFinding): object {
  const { becausePlace, place, related, buffer, range, ...rest } = finding
  return {
    ...rest,
    ...placeJson(place),
    buffer: buffer ?? null,
    range: range ?? null,
    becauseAt: becausePlace === undefined ? null : placeJson(becausePlace),
    related: related.map(({ label, place }) => ({ label, ...placeJson(place) })),
  }
}

function lintJson({ place, buffer, ...rest }: FoundLint): object {
  return { ...rest, ...placeJson(place), buffer: buffer ?? null }
}

function failureJson(failure: Omit<Failure, 'kind'> & { kind: string }): object {
  const { kind, message, advice, place, explained } = failure
  const known = { kind, message, advice: advice ?? null, explained: explained === true }
  return { ...known, ...placeJson(place) }
}

function placeJson(place: Place | undefined): PlaceJson {
  if (place === undefined) return { file: null, line: null, column: null }
  return { file: fileText(place.file), line: place.line, column: place.column }
}
