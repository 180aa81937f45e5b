/** A comparison of mechanisms, for people: a table, a chart, and the names behind both. */
import type { ComparisonRow } from '../../check/report/comparison.ts'
import { mechanisms } from '../../mechanisms/index.ts'
import { bytesText, type Style, timeText } from './style.ts'
import { type Column, tableText, textTable } from './table.ts'

const COLUMNS: readonly Column[] = [
  { head: 'board' },
  { head: 'mechanism' },
  { head: 'result' },
  { head: 'wrong pictures', align: 'right' },
  { head: 'CPU bytes', align: 'right' },
  { head: 'cleaned', align: 'right' },
  { head: 'invalidated', align: 'right' },
  { head: 'bounced', align: 'right' },
  { head: 'maps', align: 'right' },
  { head: 'faults', align: 'right' },
  { head: 'zaps', align: 'right' },
  { head: 'virtual time', align: 'right' },
]

/** The widest bar, in characters. */
const BAR = 40

export function comparisonText(rows: readonly ComparisonRow[], style: Style): string {
  const shown = new Set(rows.map(({ mechanism }) => mechanism))
  return [
    tableText(
      COLUMNS,
      rows.map((row) => cellsOf(row, style)),
      style,
    ),
    chartText(rows, style),
    reasonsText(rows, style),
    textTable(
      [{ head: 'mechanism' }, { head: 'description' }],
      mechanisms
        .filter(({ name }) => shown.has(name))
        .map(({ name, title, status }) => [name, `${title} (${status})`]),
      style,
    ),
  ]
    .filter((part) => part !== '')
    .join('\n')
}

function cellsOf(row: ComparisonRow, style: Style): string[] {
  const { cost, frames, wrongFrames } = row
  const count = (name: string): number => cost[name] ?? 0
  const bytes = ['cpuBytes', 'cleaned', 'invalidated', 'bounced'].map(count).map(bytesText)
  const counts = ['mappings', 'faults', 'zapped'].map((name) => String(count(name)))
  return [
    ...[row.board, row.mechanism, resultText(row, style)],
    frames === 0 ? '-' : `${wrongFrames} of ${frames}`,
    ...bytes,
    ...counts,
    timeText(count('time')),
  ]
}

function resultText({ verdict, rules }: ComparisonRow, { colors }: Style): string {
  if (verdict === 'clean') return colors.green('clean')
  if (verdict === 'failed') return colors.red('failed')
  return colors.red(rules.length === 1 ? (rules[0] ?? '') : `${rules.length} rules`)
}

/** Bytes of CPU copies and of cache maintenance. The virtual time hides them while a program waits for a device. */
function chartText(rows: readonly ComparisonRow[], { colors }: Style): string {
  const most = Math.max(...rows.map(workOf))
  if (!(most > 0)) return ''
  const boards = Math.max(...rows.map(({ board }) => board.length))
  const names = Math.max(...rows.map(({ mechanism }) => mechanism.length))
  const lines = rows.map((row) => {
    const name = `${row.board.padEnd(boards)}  ${row.mechanism.padEnd(names)}`
    if (row.verdict === 'failed') return `${name}  failed`
    const bar = '█'.repeat(Math.round((workOf(row) / most) * BAR))
    const colored = row.verdict === 'clean' ? colors.green(bar) : colors.red(bar)
    return `${name}  ${colored}${bar === '' ? '' : ' '}${bytesText(workOf(row))}`
  })
  return `${colors.bold('bytes moved by the CPU and by cache maintenance')}\n${lines.join('\n')}\n`
}

function workOf({ cost }: ComparisonRow): number {
  return ['cpuBytes', 'cleaned', 'invalidated'].reduce((sum, name) => sum + (cost[name] ?? 0), 0)
}

/** Why rows are not clean: their rules, and the errors of the program. */
function reasonsText(rows: readonly ComparisonRow[], style: Style): string {
  const boards = new Map<string, string[]>()
  for (const { board, mechanism, rules, error } of rows) {
    for (const why of [...rules, ...(error === null ? [] : [error])]) {
      const key = JSON.stringify([mechanism, why])
      boards.set(key, [...(boards.get(key) ?? []), board])
    }
  }
  if (boards.size === 0) return ''
  const columns = [{ head: 'mechanism' }, { head: 'finding or error' }, { head: 'boards' }]
  const cells = [...boards].map(([key, names]) => [...JSON.parse(key), names.join(', ')])
  const hint = rows.some(({ rules }) => rules.length > 0)
    ? '`dmabuf explain RULE` describes a rule\n'
    : ''
  return textTable(columns, cells, style) + hint
}
