/** How a program failed, for a terminal. */
import type { LaterError } from '../../check/report/failure.ts'
import type { Merged } from '../../check/report/merge.ts'
import { runsText } from '../../check/report/runs-text.ts'
import type { RunPlan } from '../runs/plan.ts'
import type { Failure } from '../runs/record.ts'
import { detail, placeLines } from './finding-text.ts'
import { printable } from './printable.ts'
import { placeText, type Style } from './style.ts'

/** `all` are the command's runs. */
export function failureText(
  { item, seen }: Merged<Failure, RunPlan>,
  all: readonly RunPlan[],
  style: Style,
): string {
  if (item.explained === true) return consequenceText(item)
  const lines = [...failureLines(item, style), ...detail('seen on', runsText(seen, all), style)]
  return `${lines.join('\n')}\n`
}

/** In one line: a finding above it has the explanation. */
function consequenceText({ message, place }: Failure): string {
  const where = place === undefined ? '' : ` (${placeText(place)})`
  return `As a consequence, ${message}${where}\n`
}

/** A program that never began to run. */
export function loadFailureText(failure: Failure, style: Style): string {
  return `${failureLines(failure, style).join('\n')}\n`
}

export function usageText(
  { message, advice }: { readonly message: string; readonly advice?: string | undefined },
  style: Style,
): string {
  const { colors } = style
  const lines = [
    `${colors.bold(colors.red('error:'))} ${printable(message)}`,
    ...adviceLines(advice && printable(advice), style),
  ]
  return `${lines.join('\n')}\n`
}

function adviceLines(advice: string | undefined, style: Style): string[] {
  return advice === undefined ? [] : detail('help', advice, style)
}

/** An error thrown while the resources of the failed scope were disposed. */
function laterLines({ message, place }: LaterError, style: Style): string[] {
  return place === undefined ? [] : ['', `  ${message}:`, ...placeLines(place, style)]
}

function failureLines(failure: Failure, style: Style): string[] {
  const { colors } = style
  const head = `${colors.bold(colors.red('error:'))} ${colors.bold(failure.message)}`
  const callers = (failure.callers ?? []).map((place) => `      from ${placeText(place)}`)
  return [
    head,
    ...placeLines(failure.place, style),
    ...callers,
    ...(failure.then ?? []).flatMap((later) => laterLines(later, style)),
    ...(failure.place === undefined || failure.advice === undefined ? [] : ['']),
    ...adviceLines(failure.advice, style),
  ]
}
