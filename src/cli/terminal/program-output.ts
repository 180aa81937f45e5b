/** What the program itself printed: once, when every run printed the same. */
import type { RunPlan } from '../runs/plan.ts'
import { runsText } from './runs-text.ts'
import type { Style } from './style.ts'

export interface Printed {
  readonly plan: RunPlan
  readonly output: string
}

/** In the order of the runs; empty when no run printed anything. */
export function programOutputText(printed: readonly Printed[], { colors }: Style): string {
  const groups = new Map<string, RunPlan[]>()
  for (const { plan, output } of printed) {
    if (output !== '') groups.set(output, [...(groups.get(output) ?? []), plan])
  }
  const all = printed.map(({ plan }) => plan)
  return [...groups]
    .map(([output, runs]) => {
      const end = output.endsWith('\n') ? '' : '\n'
      return `${colors.dim(`the program printed on ${runsText(runs, all)}:`)}\n${output}${end}`
    })
    .join('')
}
