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
    ...(namesOrder && schedule !== undefined
      ? detail('replay', `schedule ${schedule}`, style)
      : []),
    ...detail('orders', where, style),
  ].join('\n')}\n`
}

interface Seen {
  readonly runs: number
  /** Whether calls that fail were tried. */
  readonly withFailures: boolean
  readonly shown: readonly { readonly findings: readonly unknown[]; readonly failure?: unknown }[]
}

/** `end`: whether all orders were tried, those within the limits, or why the search ended early. */
export function ordersConclusion(
  { runs, shown, withFailures }: Seen,
  end: string,
  { colors }: Style,
): string {
  const what = resultOf(shown, colors)
  const orders = countText(runs, 'order')
  const tried = `${orders} of tasks${withFailures ? ', timers and failures' : ' and timers'} tried`
  if (end === 'complete') return `${what}: ${tried}, which are all\n`
  if (end === 'bounded') return `${what}: ${tried}; more with a larger --bound or --limit\n`
  return `${colors.red(end)}: ${what} in ${orders}\n`
}

function resultOf(shown: Seen['shown'], colors: Style['colors']): string {
  if (shown.some(({ findings }) => findings.length > 0)) {
    return colors.red('some orders have findings')
  }
  return shown.some(({ failure }) => failure !== undefined)
    ? colors.red('the program fails in some orders')
    : colors.green('no findings')
}
