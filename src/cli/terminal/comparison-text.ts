/** A comparison of mechanisms, for people: a table, a chart, and the names behind both. */

import type { ComparisonRow } from '../../check/report/comparison.ts'
import { mechanisms } from '../../mechanisms/index.ts'
import { bytesText, type Style, timeText } from './style.ts'
import { type Column, tableText, textTable } from './table.ts'
import { PAGE_WIDTH, wrapped } from './wrap.ts'

/** The setup of a run, which begins each of its lines. */
const SETUP: readonly Column[] = ['board', 'imports', 'mechanism'].map((head) => ({ head }))

const RESULTS: readonly Column[] = [
  ...SETUP,
  { head: 'result' },
  { head: 'wrong pictures', align: 'right' },
]

/** The counters of the machine that are shown, by their columns. */
const COSTS = {
  'CPU bytes': ['cpuBytes'],
  'cache maintenance': ['cleaned', 'invalidated'],
  bounced: ['bounced'],
} as const
const COUNTS = { maps: 'mappings', faults: 'faults', zaps: 'zapped' } as const

/** The widest bar, in characters. */
const BAR = 40

export function comparisonText(rows: readonly ComparisonRow[], style: Style): string {
  if (rows.length === 0) return ''
  return [
    tableText(
      RESULTS,
      rows.map((row) => [...setupOf(row), resultText(row, style), picturesText(row)]),
      style,
    ),
    reasonsText(rows, style),
    isUnaffected(rows) ? UNAFFECTED : '',
    chartText(rows, style),
    costText(rows, style),
    namesText(rows, style),
  ]
    .filter((part) => part !== '')
    .join('\n')
}

const UNAFFECTED =
  'no mechanism makes a difference: the program may allocate nothing from /dev/dma_heap/system\n'

/** Whether runs on one board are alike under all of several mechanisms. */
function isUnaffected(rows: readonly ComparisonRow[]): boolean {
  const several = new Set(rows.map(({ mechanism }) => mechanism)).size > 1
  const kinds = new Map<string, Set<string>>()
  for (const { board, imports, verdict, rules, error, cost } of rows) {
    const key = `${board} ${imports}`
    const kind = JSON.stringify([verdict, rules, error, cost])
    kinds.set(key, (kinds.get(key) ?? new Set()).add(kind))
  }
  const runs = rows.some(({ verdict }) => verdict !== 'failed')
  return several && runs && [...kinds.values()].every(({ size }) => size === 1)
}

function setupOf({ board, imports, mechanism }: ComparisonRow): string[] {
  return [board, imports, mechanism]
}

function picturesText({ frames, wrongFrames }: ComparisonRow): string {
  return frames === 0 ? '-' : `${wrongFrames} of ${frames}`
}

function costText(rows: readonly ComparisonRow[], style: Style): string {
  const numbers = [...Object.keys(COSTS), ...Object.keys(COUNTS), 'virtual time']
  const columns = [...SETUP, ...numbers.map((head) => ({ head, align: 'right' as const }))]
  const cells = rows.map((row) => [
    ...setupOf(row),
    ...Object.values(COSTS).map((names) => bytesText(sumOf(row, names))),
    ...Object.values(COUNTS).map((name) => String(sumOf(row, [name]))),
    timeText(sumOf(row, ['time'])),
  ])
  return tableText(columns, cells, style)
}

function sumOf({ cost }: ComparisonRow, names: readonly string[]): number {
  return names.reduce((sum, name) => sum + (cost[name] ?? 0), 0)
}

/** The mechanisms that the rows name. */
function namesText(rows: readonly ComparisonRow[], style: Style): string {
  const shown = new Set(rows.map(({ mechanism }) => mechanism))
  return textTable(
    [{ head: 'mechanism' }, { head: 'description' }],
    mechanisms
      .filter(({ name }) => shown.has(name))
      .map(({ name, title, status }) => [name, `${title} (${status})`]),
    style,
  )
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
  const widths = SETUP.map((_, at) => Math.max(...rows.map((row) => setupOf(row)[at]?.length ?? 0)))
  const lines = rows.map((row) => {
    const cells = setupOf(row).map((cell, at) => cell.padEnd(widths[at] ?? 0))
    const name = cells.join('  ')
    if (row.verdict === 'failed') return `${name}  failed`
    const bar = '█'.repeat(Math.round((workOf(row) / most) * BAR))
    const colored = row.verdict === 'clean' ? colors.green(bar) : colors.red(bar)
    return `${name}  ${colored}${bar === '' ? '' : ' '}${bytesText(workOf(row))}`
  })
  return `${colors.bold('bytes moved by the CPU and by cache maintenance')}\n${lines.join('\n')}\n`
}

function workOf(row: ComparisonRow): number {
  return sumOf(row, [...COSTS['CPU bytes'], ...COSTS['cache maintenance']])
}

/** Why rows are not clean: their rules, and the errors of the program. */
function reasonsText(rows: readonly ComparisonRow[], style: Style): string {
  const reasons = rows.flatMap((row) => {
    const { rules, error } = row
    const all = [...rules, ...(error === null ? [] : [error])]
    return all.map((why): Reason => [[row.imports], [row.mechanism], [row.board], [why]])
  })
  if (reasons.length === 0) return ''
  const merged = [BOARDS, MECHANISMS, IMPORTS].reduce(mergedAt, reasons)
  const texts = merged.map(([imports, names, boards, [why = '']]) => {
    const where = `${names.join(', ')}, imports ${imports.join(' and ')}, on ${boards.join(', ')}`
    return `${wrapped(why, PAGE_WIDTH).join('\n')}\n  ${where}\n`
  })
  const head = style.colors.bold('findings and errors')
  const hint = rows.some(({ rules }) => rules.length > 0)
    ? '`dmabuf explain RULE` describes a rule\n'
    : ''
  return `${head}\n${texts.join('')}${hint}`
}

/** Importers, mechanisms and boards, all of which have the finding or error of the last part. */
type Reason = readonly [
  imports: readonly string[],
  mechanisms: readonly string[],
  boards: readonly string[],
  why: readonly string[],
]
const IMPORTS = 0
const MECHANISMS = 1
const BOARDS = 2

/** Joins reasons that differ in one part alone. */
function mergedAt(reasons: readonly Reason[], part: number): Reason[] {
  const groups = new Map<string, Reason>()
  for (const reason of reasons) {
    const key = JSON.stringify(reason.map((names, at) => (at === part ? '' : names)))
    const known = groups.get(key)
    const joined = known?.map((names, at) =>
      at === part ? [...names, ...(reason[part] ?? [])] : names,
    )
    groups.set(key, (joined ?? reason) as unknown as Reason)
  }
  return [...groups.values()]
}
