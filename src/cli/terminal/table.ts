/** Tables with spaces between the columns. */
import Table from 'cli-table3'
import type { Style } from './style.ts'
import { PAGE_WIDTH, wrapped } from './wrap.ts'

export interface Column {
  readonly head: string
  readonly align?: 'left' | 'right'
}

const GAP = '  '
/** The last column is not made narrower than this. */
const MIN_TEXT_WIDTH = 24

const NO_BORDER = {
  ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '' },
  ...{ bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' },
  ...{ left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '' },
  middle: GAP,
}

/** A table whose last column holds sentences. They are wrapped so that the table fits the terminal. */
export function textTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  style: Style,
): string {
  const last = columns.length - 1
  const before = columns
    .slice(0, last)
    .map(({ head }, at) => Math.max(head.length, ...rows.map((row) => row[at]?.length ?? 0)))
    .reduce((sum, width) => sum + width + GAP.length, 0)
  const width = Math.max(MIN_TEXT_WIDTH, (style.columns ?? PAGE_WIDTH) - before)
  const fitted = rows.map((row) =>
    row.map((cell, at) => (at === last ? wrapped(cell, width).join('\n') : cell)),
  )
  return tableText(columns, fitted, style)
}

export function tableText(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  { colors }: Style,
): string {
  const table = new Table({
    chars: NO_BORDER,
    head: columns.map(({ head }) => colors.bold(head)),
    colAligns: columns.map(({ align = 'left' }) => align),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  })
  table.push(...rows.map((row) => [...row]))
  const lines = table.toString().split('\n')
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`
}
