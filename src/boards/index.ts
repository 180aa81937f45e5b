/** The ready boards, by name, and how a board is chosen. */
import { type Board, boardProblems, isCoherent, takesAnyMemory } from '../machine/board.ts'
import { armSoc } from './arm-soc.ts'
import { armSocCma } from './arm-soc-cma.ts'
import { armSocIommu } from './arm-soc-iommu.ts'
import { pc } from './pc.ts'
import { pcBounce } from './pc-bounce.ts'
import { rpi4 } from './rpi4.ts'

/** Every ready board, by the name that `--board` and `board` take. */
export const readyBoards: ReadonlyMap<string, Board> = byName([
  pc,
  pcBounce,
  armSoc,
  armSocIommu,
  armSocCma,
  rpi4,
])

/**
 * The boards that `all` stands for, by name: a program runs on each of them without a change. Left out are
 * ready boards whose camera and display refuse memory of the system heap: ask for these by name.
 */
export const boards: ReadonlyMap<string, Board> = byName(
  [...readyBoards.values()].filter(takesAnyMemory),
)

function byName(list: readonly Board[]): ReadonlyMap<string, Board> {
  return new Map(list.map((board) => [board.name, board]))
}

/** The board that a coherent one is judged as when it does not say. */
const REFERENCE = armSoc

/**
 * A built-in board by name, or a checked custom table. Throws a RangeError that lists the names or
 * the faults of the table.
 */
export function boardNamed(board: Board | string): Board {
  const found = typeof board === 'string' ? readyBoards.get(board) : board
  if (found === undefined) {
    throw new RangeError(
      `board is '${String(board)}': there are ${[...readyBoards.keys()].join(', ')}`,
    )
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
