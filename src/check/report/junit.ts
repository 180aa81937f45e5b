/** JUnit's XML, which CI servers read: a test case for each run. */
import type { ReportJson, RunJson } from './json.ts'
import { placeText } from './place-text.ts'
import { type Problem, problemsOf, problemsOfRun } from './problem.ts'
import { policyText } from './runs-text.ts'

/** The outcome of one test case. */
interface Case {
  readonly name: string
  readonly problems: readonly Problem[]
  /** Findings are failures; a program that did not come to its end is an error. */
  readonly kind: 'failure' | 'error'
}

/** The report as one suite: its cases are the runs, or the reason why runs are missing. */
export function junitXml(report: ReportJson): string {
  const { program, runs, error } = report
  const cases: Case[] = runs.map((run) => caseOf(report, run))
  if (error !== undefined) {
    const name = error.kind === 'interrupted' ? 'interruption' : 'load'
    cases.push({ name, problems: problemsOf({ ...report, runs: [] }), kind: 'error' })
  }
  const failed = cases.filter(({ problems }) => problems.length > 0)
  const errors = failed.filter(({ kind }) => kind === 'error').length
  const counts = attributes({ tests: cases.length, failures: failed.length - errors, errors })
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${attributes({ name: 'dmabuf' })} ${counts}>`,
    `  <testsuite ${attributes({ name: program })} ${counts}>`,
    ...cases.flatMap((one) => caseLines(one, program)),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n')
}

function caseOf(report: ReportJson, run: RunJson): Case {
  const kind = run.verdict === 'failed' ? 'error' : 'failure'
  return { name: `${run.board} ${policyText(run)}`, problems: problemsOfRun(report, run), kind }
}

function caseLines({ name, problems, kind }: Case, program: string): string[] {
  const head = `    <testcase ${attributes({ classname: program, name, file: program })}`
  const [first] = problems
  if (first === undefined) return [`${head}/>`]
  const more = problems.length === 1 ? '' : ` (and ${problems.length - 1} more)`
  const type = (kind === 'error' ? problems.find(({ rule }) => rule === undefined) : first) ?? first
  const said = attributes({ message: `${titleOf(type)}${more}`, type: type.rule ?? 'failed' })
  return [
    `${head}>`,
    `      <${kind} ${said}>${escaped(problems.map(problemText).join('\n\n'))}</${kind}>`,
    '    </testcase>',
  ]
}

function problemText(problem: Problem): string {
  const { place, details } = problem
  const at = place === undefined ? [] : [`  --> ${placeText(place)}`]
  return [titleOf(problem), ...at, ...details.map((text) => `  ${text}`)].join('\n')
}

function titleOf({ rule, level, message }: Problem): string {
  return rule === undefined ? message : `${level}[${rule}] ${message}`
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}="${escaped(String(value)).replaceAll('\n', '&#10;')}"`)
    .join(' ')
}

/** Characters that XML 1.0 cannot hold, not even as references: controls, and halves of pairs. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the search is for them.
const NOT_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ud800-\udfff\ufffe\uffff]/gu

function escaped(text: string): string {
  return text
    .replace(NOT_XML, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\r', '&#13;')
    .replaceAll('\t', '&#9;')
}
