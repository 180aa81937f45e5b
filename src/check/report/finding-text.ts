import type { Finding } from '../finding.ts'
import { findingDetails } from './finding-details.ts'

/** A finding as a compiler would print it, in several lines of plain text. */
export function findingText(finding: Finding): string {
  const { severity, rule, message, where, hidden } = finding
  return [
    `${severity}[${rule}] ${message}`,
    ...(where === undefined ? [] : [`  --> ${where}`]),
    ...findingDetails(finding).map(({ label, text, where: at }) =>
      detail(label, at === undefined ? text : `${text} (${at})`),
    ),
    ...(hidden ? [detail('hidden', 'the bytes of this run happened to come out right')] : []),
  ].join('\n')
}

function detail(label: string, text: string): string {
  return `  ${`${label}:`.padEnd(10)} ${text}`
}
