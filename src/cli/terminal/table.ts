/** Tables with nothing but spaces between the columns. */
import Table from 'cli-table3'
import type { Style } from './style.ts'

export interface Column {
  readonly head: string
  readonly align?: 'left' | 'right'
}

const NO_BORDER = {
  ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '' },
  ...{ bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' },
  ...{ left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '' },
  middle: '  ',
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
