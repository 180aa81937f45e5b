/** A finding as a compiler would put it. */
import type { Finding } from '../../check/finding.ts'
import { findingDetails } from '../../check/report/finding-details.ts'
import type { MergedFinding } from '../../check/report/merge.ts'
import { sightingDetails } from '../../check/report/sighting-details.ts'
import type { RunPlan } from '../runs/plan.ts'
import type { Place } from '../runs/record.ts'
import { snippet } from './snippet.ts'
import { placeText, type Style } from './style.ts'

/** `all` are the command's runs, so that a finding can say on which of them it was seen. */
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

export function detail(label: string, text: string, { colors }: Style): string[] {
  return [`  ${colors.cyan(`${label}:`.padEnd(10))} ${text}`]
}

function withPlace(text: string, place: Place | undefined): string {
  return place === undefined ? text : `${text} (${placeText(place)})`
}
