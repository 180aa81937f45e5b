/** SARIF 2.1.0, the format of static and dynamic checkers that GitHub and editors read. */
import type { SourcePlace } from '../finding.ts'
import { ruleTable } from '../rules/lookup.ts'
import type { RuleInfo, RuleSeverity } from '../rules/rule.ts'
import type { ReportJson } from './json.ts'
import { type Problem, problemsOf } from './problem.ts'
import { runsText } from './runs-text.ts'

export interface SarifText {
  readonly text: string
}
export interface SarifLocation {
  readonly id?: number
  readonly message?: SarifText
  readonly physicalLocation: {
    readonly artifactLocation: { readonly uri: string }
    readonly region?: { readonly startLine: number; readonly startColumn: number }
  }
}
export type SarifLevel = 'error' | 'warning' | 'note'
export interface SarifRule {
  readonly id: string
  readonly shortDescription: SarifText
  readonly fullDescription: SarifText
  readonly help: SarifText & { readonly markdown: string }
  readonly defaultConfiguration: { readonly level: SarifLevel }
  readonly properties: { readonly group: string }
}
export interface SarifResult {
  readonly ruleId: string
  readonly ruleIndex: number
  readonly level: SarifLevel
  readonly message: SarifText
  readonly locations: readonly SarifLocation[]
  readonly relatedLocations?: readonly SarifLocation[]
  readonly properties: { readonly seenOn: string }
}
export interface SarifNotification {
  readonly level: 'error'
  readonly message: SarifText
  readonly locations: readonly SarifLocation[]
}
/** A log of one run of the tool, with the parts that this package writes. */
export interface SarifLog {
  readonly $schema: string
  readonly version: '2.1.0'
  readonly runs: readonly [
    {
      readonly tool: {
        readonly driver: {
          readonly name: 'dmabuf'
          readonly version?: string
          readonly rules: readonly SarifRule[]
        }
      }
      readonly columnKind: 'utf16CodeUnits'
      readonly invocations: readonly [
        {
          readonly executionSuccessful: boolean
          readonly toolExecutionNotifications: readonly SarifNotification[]
        },
      ]
      readonly results: readonly SarifResult[]
    },
  ]
}

/** `version` is this package's. */
export interface SarifOptions {
  readonly version?: string | undefined
}

const SCHEMA = 'https://json.schemastore.org/sarif-2.1.0.json'
const LEVELS: Readonly<Record<RuleSeverity, SarifLevel>> = {
  error: 'error',
  warning: 'warning',
  lint: 'note',
}

/**
 * The report as a SARIF log: findings and lints are results, failures of the program notifications of the
 * invocation. Code scanning wants paths that are relative to the repository's root.
 */
export function sarifLog(report: ReportJson, { version }: SarifOptions = {}): SarifLog {
  const problems = problemsOf(report)
  const failures = problems.filter(({ rule }) => rule === undefined)
  const driver = { name: 'dmabuf' as const, rules: ruleTable.map(sarifRule) }
  return {
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: { driver: version === undefined ? driver : { ...driver, version } },
        columnKind: 'utf16CodeUnits',
        invocations: [
          {
            executionSuccessful: report.verdict !== 'failed',
            toolExecutionNotifications: failures.map((one) => notification(one, report.program)),
          },
        ],
        results: problems.flatMap((problem) => resultOf(problem, report)),
      },
    ],
  }
}

function sarifRule({ id, group, severity, claim, hardware, fix }: RuleInfo): SarifRule {
  return {
    id,
    shortDescription: { text: claim },
    fullDescription: { text: `${claim} On real hardware: ${hardware}` },
    help: {
      text: `${claim}\n\nOn real hardware: ${hardware}\n\nFix: ${fix}`,
      markdown: `${claim}\n\n**On real hardware:** ${hardware}\n\n**Fix:** ${fix}`,
    },
    defaultConfiguration: { level: LEVELS[severity] },
    properties: { group },
  }
}

function resultOf(problem: Problem, { program, runs }: ReportJson): SarifResult[] {
  const { rule, level, related } = problem
  if (rule === undefined) return []
  const places = related.map(
    ({ label, place }, index): SarifLocation => ({
      id: index + 1,
      message: { text: label },
      ...locationOf(place),
    }),
  )
  return [
    {
      ruleId: rule,
      ruleIndex: ruleTable.findIndex(({ id }) => id === rule),
      level,
      message: messageOf(problem),
      locations: [locationAt(problem, program)],
      ...(places.length === 0 ? {} : { relatedLocations: places }),
      properties: { seenOn: runsText(problem.runs, runs) },
    },
  ]
}

function notification(problem: Problem, program: string): SarifNotification {
  const locations = [locationAt(problem, program)]
  return { level: 'error', message: messageOf(problem), locations }
}

function messageOf({ message, details }: Problem): SarifText {
  return { text: [message, ...details].join('\n') }
}

/** The program's file where no line is known: readers drop results without a place. */
function locationAt({ place }: Problem, program: string): SarifLocation {
  return place === undefined
    ? { physicalLocation: { artifactLocation: { uri: uriOf(program) } } }
    : locationOf(place)
}

function locationOf({ file, line, column }: SourcePlace): SarifLocation {
  const region = { startLine: line, startColumn: column }
  return { physicalLocation: { artifactLocation: { uri: uriOf(file) }, region } }
}

/** A path as a URI: relative ones stay so. */
function uriOf(file: string): string {
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(file)) return file
  const path = file.replaceAll('\\', '/')
  const encoded = path.split('/').map(encodeURIComponent).join('/')
  if (path.startsWith('/')) return `file://${encoded}`
  return /^[a-z]:\//i.test(path) ? `file:///${encoded}` : encoded
}
