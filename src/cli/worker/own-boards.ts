/** Boards by the names that a command gives them: those of the program's file, and the ready ones. */

import { judgedFor, readyBoards as ready } from '../../boards/index.ts'
import type { Board } from '../../machine/board.ts'
import type { OwnBoard } from '../runs/messages.ts'
import type { RunPlan } from '../runs/plan.ts'
import type { Failure } from '../runs/record.ts'

/** The tables of the boards that a run is on and judged for. */
export interface RunPlace {
  readonly board: Board
  readonly as: Board
}

/** The plan was made from the boards of the file: a failure means that the file has others now. */
export function placeOfRun(
  plan: RunPlan,
  own: readonly Board[],
): RunPlace | { readonly failure: Failure } {
  const known = new Map([...ready, ...own.map((board) => [board.name, board] as const)])
  const board = known.get(plan.board)
  const as = plan.judgedAs === '' ? board && judgedFor(board) : known.get(plan.judgedAs)
  if (board !== undefined && as !== undefined) return { board, as }
  const message = `the file does not export board '${plan.board}' when it is loaded again`
  return { failure: { kind: 'not-loaded', message } }
}

export function named(board: Board): OwnBoard {
  return { name: board.name, judgedAs: judgedFor(board).name, table: plain(board) }
}

/** A table may be more than data, such as a proxy, and cannot be sent then. */
function plain(board: Board): Board {
  return JSON.parse(JSON.stringify(board)) as Board
}
