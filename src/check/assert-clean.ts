/** For tests of programs: a result with findings becomes an error that says them all. */
import type { Finding } from './finding.ts'

/** What is looked at of a run's result: `runProgram` returns one, `Checker.finish` another. */
export interface Checked {
  readonly findings: readonly Finding[]
  /** How the program itself failed. */
  readonly error?: { readonly message: string } | undefined
}

/**
 * Throws an Error that holds every finding as the command prints it, without colours and source; also
 * where the program itself failed, so that it proves nothing.
 */
export function assertClean({ findings, error }: Checked): void {
  if (findings.length === 0 && error === undefined) return
  const failed = error === undefined ? [] : [`the program failed: ${error.message}`]
  throw new Error([...failed, ...findings.map(findingText)].join('\n\n'))
}

/** A finding as a compiler would put it, in several lines of plain text. */
export function findingText(finding: Finding): string {
  const { severity, rule, message, where, because, related, hardware, fix } = finding
  return [
    `${severity}[${rule}] ${message}`,
    ...(where === undefined ? [] : [`  --> ${where}`]),
    detail('because', because.text, because.where),
    ...related.map((place) => detail('see also', place.label, place.where)),
    detail('hardware', hardware),
    detail('fix', fix),
    ...(finding.hidden ? [detail('hidden', "this run's bytes came out right by luck")] : []),
  ].join('\n')
}

function detail(label: string, text: string, where?: string): string {
  const at = where === undefined ? '' : ` (${where})`
  return `  ${`${label}:`.padEnd(10)} ${text}${at}`
}
