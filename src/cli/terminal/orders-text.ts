/** The orders of an exploration, for people. */
import type { RunRecord } from '../runs/record.ts'
import { detail } from './finding-text.ts'
import { countText, type Style } from './style.ts'

/**
 * In how many orders something was seen, and the calls that failed in the one that is shown. `namesOrder`: no other
 * line has its schedule.
 */
export function ordersText(
  count: number,
  all: number,
  style: Style,
  shown: Pick<RunRecord, 'schedule' | 'failures'> | undefined,
  namesOrder = false,
): string {
  const where = count === all ? `in each of ${all}` : `in ${count} of ${all}`
  const { schedule, failures = [] } = shown ?? {}
  const failed = failures.map(({ call, nth, code }) => `call ${nth} of ${call} (${code})`)
  return `${[
    ...(failed.length === 0 ? [] : detail('failing', failed.join(', '), style)),
    ...(namesOrder ? detail('replay', `schedule ${schedule}`, style) : []),
    ...detail('orders', where, style),
  ].join('\n')}\n`
}

interface Seen {
  readonly runs: number
  readonly shown: readonly { readonly findings: readonly unknown[]; readonly failure?: unknown }[]
}

/** `end`: whether all orders were tried, those within the limits, or why the search ended early. */
export function ordersConclusion({ runs, shown }: Seen, end: string, { colors }: Style): string {
  const isClean = shown.every(({ findings, failure }) => findings.length === 0 && !failure)
  const what = isClean ? colors.green('no findings') : colors.red('some orders have findings')
  const orders = countText(runs, 'order')
  if (end === 'complete') return `${what}: ${orders} of tasks and timers tried, which are all\n`
  if (end === 'bounded') {
    return `${what}: ${orders} of tasks and timers tried; more with a larger --bound or --limit\n`
  }
  return `${colors.red(end)}: ${what} in ${orders}\n`
}
