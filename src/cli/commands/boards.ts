/** `dmabuf boards`. */
import { snoops } from '../../machine/board.ts'
import { readyBoards } from '../../sim/boards/index.ts'
import type { Style } from '../terminal/style.ts'
import { tableText } from '../terminal/table.ts'

/** The ready boards: what of them decides who sees which bytes. */
export function boardsText(style: Style): string {
  const devices = [
    ...new Set([...readyBoards.values()].flatMap((board) => Object.keys(board.devices))),
  ]
  const columns = [
    { head: 'board' },
    { head: 'line', align: 'right' as const },
    ...devices.map((head) => ({ head })),
    { head: 'contiguous heap' },
    { head: 'what it is' },
  ]
  const rows = [...readyBoards.values()].map((board) => [
    board.name,
    `${board.lineSize} B`,
    ...devices.map((device) => (snoops(board, device) ? 'snoops' : 'does not')),
    board.cma?.name ?? 'none',
    board.description,
  ])
  return tableText(columns, rows, style)
}
