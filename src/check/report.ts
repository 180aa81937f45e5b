/** A run's result, and several runs', in the shape of `schema/report-v1.json`. */
import type { EventOrigin, Range } from '../events/event.ts'
import type { CheckResult, Finding, Lint, Note, Severity } from './finding.ts'
import type { RuleId } from './rule-id.ts'

export type Verdict = 'clean' | 'findings'

/** What a run did, in bytes and calls; the names are the machine's. */
export type CostReport = Readonly<Record<string, number>>

/** One program on one board, under one policy and seed. */
export interface RunReport {
  readonly board: string
  /** The board that the verdict is about: the run's own, or the reference of a coherent one. */
  readonly judgedAs: string
  readonly policy: string
  readonly seed: number
  readonly verdict: Verdict
  readonly findings: readonly Finding[]
  readonly notes: readonly Note[]
  readonly lints: readonly Lint[]
  readonly cost: CostReport
  /** How many frames were shown. */
  readonly frames: number
  /** Rules that this run could not decide, because it kept no bookkeeping about content. */
  readonly rulesNotCheckable: readonly RuleId[]
}

/** A program on one or more boards. */
export interface Report {
  readonly program: string
  readonly verdict: Verdict
  readonly runs: readonly RunReport[]
}

/** Where an origin points, for people and for tools. */
export interface SourcePlace {
  readonly file: string
  /** Counted from 1. */
  readonly line: number
  readonly column?: number | undefined
}
export type Locate = (origin: EventOrigin) => SourcePlace | undefined

export interface FindingJson {
  readonly rule: RuleId
  readonly group: string
  readonly severity: Severity
  readonly data: boolean
  readonly hidden: boolean
  readonly message: string
  readonly because: string
  readonly hardware: string
  readonly fix: string
  /** `null` where no line of the program is known. */
  readonly file: string | null
  readonly line: number | null
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
export interface LintJson {
  readonly rule: RuleId
  readonly message: string
  readonly fix: string
  readonly file: string | null
  readonly line: number | null
  readonly buffer: number | null
  readonly count: number
}
export interface RunJson {
  readonly board: string
  readonly judgedAs: string
  readonly policy: string
  readonly seed: number
  readonly verdict: Verdict
  readonly findings: readonly FindingJson[]
  readonly notes: readonly NoteJson[]
  readonly lints: readonly LintJson[]
  readonly cost: CostReport
  readonly frames: number
  readonly rulesNotCheckable: readonly RuleId[]
}
export interface ReportJson {
  readonly version: 1
  readonly program: string
  readonly runs: readonly RunJson[]
  readonly verdict: Verdict
}

/** Findings decide; notes and lints do not. */
export function verdictOf({ findings }: Pick<CheckResult, 'findings'>): Verdict {
  return findings.length === 0 ? 'clean' : 'findings'
}

/** Several runs of one program; its verdict is clean where that of every run is. */
export function mergeReports(program: string, runs: readonly RunReport[]): Report {
  const clean = runs.every(({ verdict }) => verdict === 'clean')
  return { program, verdict: clean ? 'clean' : 'findings', runs }
}

/** The report as `schema/report-v1.json` describes it. */
export function reportJson({ program, verdict, runs }: Report, locate: Locate): ReportJson {
  return { version: 1, program, runs: runs.map((run) => runJson(run, locate)), verdict }
}

function runJson(run: RunReport, locate: Locate): RunJson {
  const { board, judgedAs, policy, seed, verdict, cost, frames, rulesNotCheckable } = run
  return {
    board,
    judgedAs,
    policy,
    seed,
    verdict,
    findings: run.findings.map((finding) => findingJson(finding, locate)),
    notes: run.notes.map(({ driver, message, count }) => ({ driver, message, count })),
    lints: run.lints.map((lint) => lintJson(lint, locate)),
    cost,
    frames,
    rulesNotCheckable,
  }
}

export function findingJson(finding: Finding, locate: Locate): FindingJson {
  const { rule, group, severity, data, hidden, message, because, hardware, fix } = finding
  return {
    rule,
    group,
    severity,
    data,
    hidden,
    message,
    because: because.text,
    hardware,
    fix,
    ...placeJson(finding.origin, locate),
    buffer: finding.buffer ?? null,
    range: finding.range ?? null,
    count: finding.count,
    event: finding.firstEvent,
  }
}

function lintJson({ rule, message, fix, origin, buffer, count }: Lint, locate: Locate): LintJson {
  return { rule, message, fix, ...placeJson(origin, locate), buffer: buffer ?? null, count }
}

function placeJson(
  origin: EventOrigin | undefined,
  locate: Locate,
): { file: string | null; line: number | null } {
  const place = origin === undefined ? undefined : locate(origin)
  return { file: place?.file ?? null, line: place?.line ?? null }
}
