import type { Finding } from '../finding.ts'
import { findingDetails } from './finding-details.ts'
import type { RunLabel } from './runs-text.ts'
import { sightingDetails } from './sighting-details.ts'

/** A finding with the runs that saw it, as `runAll` returns it. */
export interface SeenFinding extends Finding {
  readonly seenOn?: readonly RunLabel[] | undefined
  readonly wrongOn?: readonly RunLabel[] | undefined
  readonly hiddenOn?: readonly RunLabel[] | undefined
}

/** A finding as a compiler would print it, in several lines of plain text. */
export function findingText(finding: Finding): string {
  return seenFindingText(finding, [])
}

/** As `findingText`, with the runs that saw the finding, of `runs` that were made. */
export function seenFindingText(finding: SeenFinding, runs: readonly RunLabel[]): string {
  const { severity, rule, message, where } = finding
  return [
    `${severity}[${rule}] ${message}`,
    ...(where === undefined ? [] : [`  --> ${where}`]),
    ...findingDetails(finding).map(({ label, text, where: at }) =>
      detail(label, at === undefined ? text : `${text} (${at})`),
    ),
    ...runsOf(finding, runs).map(({ label, text }) => detail(label, text)),
  ].join('\n')
}

function runsOf(
  { seenOn, wrongOn = [], hiddenOn = [], hidden }: SeenFinding,
  runs: readonly RunLabel[],
): { readonly label: string; readonly text: string }[] {
  if (seenOn !== undefined && runs.length > 0) {
    return sightingDetails({ seen: seenOn, wrong: wrongOn, hidden: hiddenOn }, runs)
  }
  const text = 'the bytes of this run happened to come out right'
  return hidden ? [{ label: 'hidden', text }] : []
}

function detail(label: string, text: string): string {
  return `  ${`${label}:`.padEnd(10)} ${text}`
}
