/** The report as problems at lines, the common base of the formats of other tools. */
import type { Severity, SourcePlace } from '../finding.ts'
import type { RuleId } from '../rules/index.ts'
import { findingDetails } from './finding-details.ts'
import type { ErrorJson, FindingJson, LintJson, PlaceJson, ReportJson, RunJson } from './json.ts'
import { distinct, distinctFindings, type MergedFinding } from './merge.ts'
import { placeText } from './place-text.ts'
import { runsText } from './runs-text.ts'
import { sightingDetails } from './sighting-details.ts'

/** One thing at one line, however many runs saw it. */
export interface Problem {
  /** The rule; undefined where the program itself failed. */
  readonly rule: RuleId | undefined
  readonly level: Severity | 'note'
  /** One sentence. */
  readonly message: string
  /** Its details, in lines of `label: text`. */
  readonly details: readonly string[]
  readonly place: SourcePlace | undefined
  readonly related: readonly RelatedProblemPlace[]
  readonly runs: readonly RunJson[]
}

export interface RelatedProblemPlace {
  readonly label: string
  readonly place: SourcePlace
}

/** Findings, then failures that no finding explains, then lints. */
export function problemsOf(report: ReportJson): Problem[] {
  const { runs } = report
  return [
    ...distinctFindings<FindingJson, RunJson>(runs, placeKey).map((one) =>
      findingProblem(one, runs),
    ),
    ...failuresOf(report),
    ...distinct(runs, ({ lints }) => lints, placeKey).map(({ item, seen }) =>
      lintProblem(item, seen, runs),
    ),
  ]
}

/** The problems that decide the verdict of one run. */
export function problemsOfRun(report: ReportJson, run: RunJson): Problem[] {
  return problemsOf({ ...report, runs: [run], error: undefined }).filter(
    ({ level }) => level !== 'note',
  )
}

/** Why the program failed, or never ran. */
function failuresOf({ runs, error }: ReportJson): Problem[] {
  const missing = error === undefined ? [] : [failureProblem(error, [], [])]
  const failures = distinct(
    runs,
    (run) => (run.error === undefined || run.error.explained ? [] : [run.error]),
    (failure) => `${failure.kind} ${lineOf(failure) ?? ''} ${failure.message}`,
  )
  return [...failures.map(({ item, seen }) => failureProblem(item, seen, runs)), ...missing]
}

function findingProblem(
  merged: MergedFinding<RunJson, FindingJson>,
  runs: readonly RunJson[],
): Problem {
  const { finding, seen } = merged
  const { rule, severity, message, because, becauseAt, hardware, fix } = finding
  const related = finding.related.flatMap(({ label, ...at }) => {
    const place = sourcePlace(at)
    return place === undefined ? [] : [{ label, place, where: placeText(place) }]
  })
  const becausePlace = becauseAt === null ? undefined : sourcePlace(becauseAt)
  const causeAt = becausePlace && placeText(becausePlace)
  const place = sourcePlace(finding)
  const where = place && placeText(place)
  const details = [
    ...findingDetails({
      where,
      because: { text: because, where: causeAt },
      related,
      hardware,
      fix,
    }),
    ...sightingDetails(merged, runs).filter(({ label }) => label !== 'seen on' || runs.length > 1),
  ]
  return {
    ...{ rule, level: severity, message, place, runs: seen },
    details: details.map((one) =>
      'where' in one && one.where !== undefined
        ? `${one.label}: ${one.text} (${one.where})`
        : `${one.label}: ${one.text}`,
    ),
    related: [
      ...(becausePlace === undefined ? [] : [{ label: because, place: becausePlace }]),
      ...related.map(({ label, place }) => ({ label, place })),
    ],
  }
}

function lintProblem(lint: LintJson, seen: readonly RunJson[], runs: readonly RunJson[]): Problem {
  const { rule, message, fix } = lint
  const details = [`fix: ${fix}`, ...seenText(seen, runs)]
  return {
    rule,
    level: 'note',
    message,
    details,
    place: sourcePlace(lint),
    related: [],
    runs: seen,
  }
}

function failureProblem(
  failure: ErrorJson,
  seen: readonly RunJson[],
  runs: readonly RunJson[],
): Problem {
  const { message, advice } = failure
  const details = [...(advice === null ? [] : [`help: ${advice}`]), ...seenText(seen, runs)]
  const place = sourcePlace(failure)
  return { rule: undefined, level: 'error', message, details, place, related: [], runs: seen }
}

function seenText(seen: readonly RunJson[], runs: readonly RunJson[]): string[] {
  return runs.length < 2 ? [] : [`seen on: ${runsText(seen, runs)}`]
}

function placeKey(item: FindingJson | LintJson): string {
  return `${item.rule} ${lineOf(item) ?? item.message}`
}

function lineOf({ file, line }: PlaceJson): string | undefined {
  return file === null ? undefined : `${file}:${line}`
}

function sourcePlace({ file, line, column }: PlaceJson): SourcePlace | undefined {
  if (file === null || line === null) return undefined
  return { file, line, column: column ?? 1 }
}
