/** Annotations of GitHub Actions: workflow commands, which a job prints. */
import type { ReportJson } from './json.ts'
import { type Problem, problemsOf } from './problem.ts'

const COMMANDS = { error: 'error', warning: 'warning', note: 'notice' } as const

/**
 * A line for each problem of the report, at its line of the program. Print them in a job: GitHub shows
 * them in the changes of a pull request. Paths are best relative to the repository's root.
 */
export function githubAnnotations(report: ReportJson): string {
  return problemsOf(report)
    .map((problem) => annotation(problem, report.program))
    .join('')
}

function annotation({ rule, level, message, details, place }: Problem, program: string): string {
  const { file, line, column } = place ?? { file: program, line: 1, column: undefined }
  const properties = { file, line, col: column, title: rule ?? 'the program failed' }
  const list = Object.entries(properties)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${property(String(value))}`)
  return `::${COMMANDS[level]} ${list.join(',')}::${data([message, ...details].join('\n'))}\n`
}

/** As the toolkit of GitHub Actions escapes them: a command is one line. */
function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

/** A property ends with a comma or a colon. */
function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
