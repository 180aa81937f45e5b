/** Boards by the names that a command gives them: those of the program's file, and the ready ones. */
import type { Board } from '../../machine/board.ts'
import { judgedFor, boards as ready } from '../../sim/boards/index.ts'
import { didYouMean } from '../nearest.ts'
import type { OwnBoard } from '../runs/messages.ts'
import type { RunPlan } from '../runs/plan.ts'
import type { Failure } from '../runs/record.ts'

/** The tables of the boards that a run is on and judged for. */
export interface RunPlace {
  readonly board: Board
  readonly as: Board
}

/** The file's own boards win over ready ones of the same name. */
export function placeOfRun(
  plan: RunPlan,
  own: readonly Board[],
): RunPlace | { readonly failure: Failure } {
  const known = new Map([...ready, ...own.map((board) => [board.name, board] as const)])
  const board = known.get(plan.board)
  if (board === undefined) return { failure: unknown('--board', plan.board, [...known.keys()]) }
  const reference = plan.judgedAs === '' ? judgedFor(board) : known.get(plan.judgedAs)
  if (reference === undefined) {
    return { failure: unknown('--as', plan.judgedAs, [...known.keys()]) }
  }
  return { board, as: reference }
}

export function named(board: Board): OwnBoard {
  return { name: board.name, judgedAs: judgedFor(board).name }
}

function unknown(option: string, name: string, names: readonly string[]): Failure {
  return {
    kind: 'not-loaded',
    message: `${option} '${name}' is unknown`,
    advice: didYouMean(name, names),
  }
}
