/** `dmabuf boards`. */
import { snoops } from '../../machine/board.ts'
import { readyBoards } from '../../sim/boards/index.ts'
import type { Style } from '../terminal/style.ts'
import { tableText, textTable } from '../terminal/table.ts'

/** The built-in boards: a table of the properties that decide about coherency, and a description of each. */
export function boardsText(style: Style): string {
  const devices = [
    ...new Set([...readyBoards.values()].flatMap((board) => Object.keys(board.devices))),
  ]
  const boards = [...readyBoards.values()]
  const columns = [
    { head: 'board' },
    { head: 'line', align: 'right' as const },
    ...devices.map((head) => ({ head })),
    { head: 'CMA heap' },
  ]
  const rows = boards.map((board) => [
    board.name,
    `${board.lineSize} B`,
    ...devices.map((device) => (snoops(board, device) ? 'snoops' : 'no snoop')),
    board.cma?.name ?? 'none',
  ])
  const descriptions = boards.map(({ name, description }) => [name, description])
  const described = [{ head: 'board' }, { head: 'description' }]
  return `${textTable(described, descriptions, style)}\n${tableText(columns, rows, style)}`
}
