/** The ready boards, by name, and how a board is chosen. */
import { type Board, boardProblems, isCoherent, takesAnyMemory } from '../../machine/board.ts'
import { armSoc } from './arm-soc.ts'
import { armSocCma } from './arm-soc-cma.ts'
import { armSocIommu } from './arm-soc-iommu.ts'
import { pc } from './pc.ts'
import { pcBounce } from './pc-bounce.ts'
import { rpi4 } from './rpi4.ts'

export const boards: ReadonlyMap<string, Board> = new Map(
  [pc, pcBounce, armSoc, armSocIommu, armSocCma, rpi4].map((board) => [board.name, board]),
)

/**
 * The boards that `all` stands for: one whose camera and display refuse memory of the system heap is for
 * programs that were written for it, and is asked for by name.
 */
export const allBoards: readonly Board[] = [...boards.values()].filter(takesAnyMemory)

/** The board that a coherent one is judged as when it does not say. */
const REFERENCE = armSoc

/**
 * A ready board by name, or a table of one's own after a look at it. Throws a RangeError that lists
 * the names, or what is wrong with the table.
 */
export function boardNamed(board: Board | string): Board {
  const found = typeof board === 'string' ? boards.get(board) : board
  if (found === undefined) {
    throw new RangeError(`board is '${String(board)}': there are ${[...boards.keys()].join(', ')}`)
  }
  const problems = boardProblems(found)
  if (problems.length > 0) {
    throw new RangeError(`board '${String(found.name)}' cannot be: ${problems.join('; ')}`)
  }
  return found
}

/** The board that a run on `board` is judged for. */
export function judgedFor(board: Board): Board {
  if (board.judgedAs !== undefined) return boardNamed(board.judgedAs)
  return isCoherent(board) ? REFERENCE : board
}
