/** The program's own output: once, if every run printed the same. */

import { runsText } from '../../check/report/runs-text.ts'
import type { RunPlan } from '../runs/plan.ts'
import type { Style } from './style.ts'

export interface RunOutput {
  readonly plan: RunPlan
  /** The output on one stream. */
  readonly text: string
}

/** In the order of the runs; empty when no run printed anything. */
export function programOutputText(outputs: readonly RunOutput[], { colors }: Style): string {
  const groups = new Map<string, RunPlan[]>()
  for (const { plan, text } of outputs) {
    if (text !== '') groups.set(text, [...(groups.get(text) ?? []), plan])
  }
  const all = outputs.map(({ plan }) => plan)
  return [...groups]
    .map(([text, runs]) => {
      const end = text.endsWith('\n') ? '' : '\n'
      return `${colors.dim(`the program printed on ${runsText(runs, all)}:`)}\n${text}${end}`
    })
    .join('')
}
