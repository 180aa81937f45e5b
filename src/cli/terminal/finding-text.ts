/** A finding in the style of a compiler's error. */
import type { Finding } from '../../check/finding.ts'
import { findingDetails } from '../../check/report/finding-details.ts'
import type { MergedFinding } from '../../check/report/merge.ts'
import { sightingDetails } from '../../check/report/sighting-details.ts'
import type { RunPlan } from '../runs/plan.ts'
import type { Place } from '../runs/record.ts'
import { snippet } from './snippet.ts'
import { placeText, type Style } from './style.ts'
import { wrapped } from './wrap.ts'

/** Two spaces, ten for the label, one before the text. */
const INDENT = 13
const MIN_TEXT_WIDTH = 40

/** `all` are the command's runs. The text names those that saw the finding. */
export function findingText(
  merged: MergedFinding<RunPlan>,
  all: readonly RunPlan[],
  style: Style,
): string {
  const { finding } = merged
  const lines = [
    headline(finding, style),
    ...placeLines(finding.place, style),
    '',
    ...findingDetails(finding).flatMap(({ label, text, place }) =>
      detail(label, withPlace(text, place), style),
    ),
    ...sightingDetails(merged, all).flatMap(({ label, text }) => detail(label, text, style)),
  ]
  return `${lines.join('\n')}\n`
}

function headline({ rule, severity, message }: Finding, { colors }: Style): string {
  const paint = severity === 'error' ? colors.red : colors.yellow
  return `${colors.bold(paint(`${severity}[${rule}]`))} ${colors.bold(message)}`
}

/** `--> file:line:column` and the source around it. */
export function placeLines(place: Place | undefined, style: Style): string[] {
  if (place === undefined) return []
  const arrow = `  ${style.colors.cyan('-->')} ${placeText(place)}`
  const source = snippet(place, style)
  return source === undefined ? [arrow] : [arrow, source]
}

/** A labelled text. In a terminal it is wrapped with a hanging indent; in a pipe it is one line. */
export function detail(label: string, text: string, { colors, columns }: Style): string[] {
  const [first = '', ...rest] =
    columns === undefined ? [text] : wrapped(text, Math.max(MIN_TEXT_WIDTH, columns - INDENT))
  return [
    `  ${colors.cyan(`${label}:`.padEnd(10))} ${first}`,
    ...rest.map((line) => `${' '.repeat(INDENT)}${line}`),
  ]
}

function withPlace(text: string, place: Place | undefined): string {
  return place === undefined ? text : `${text} (${placeText(place)})`
}
