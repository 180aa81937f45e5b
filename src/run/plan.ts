/** Which runs a program gets: every board with every policy, in the order of the report. */
import { boards as allBoards } from '../boards/index.ts'
import { type Board, boardNamed, judgedFor } from '../sim/index.ts'

export const policyNames = ['lazy', 'eager', 'random'] as const
/**
 * The caches' own operations. `lazy`: none. `eager`: they evict and prefetch at every chance.
 * `random`: seeded choices, also of the order of tasks. Findings do not depend on it.
 */
export type PolicyName = (typeof policyNames)[number]

/** The boards of a command or a `runAll` that names none: one hides every bug, one shows most. */
export const USUAL_BOARDS: readonly string[] = ['pc', 'arm-soc']
/** Instead of a name: every ready board that takes memory of any heap. */
export const ALL_BOARDS = 'all'

/** The name of a run. */
export interface RunName {
  readonly board: string
  /** The board that is judged. */
  readonly judgedAs: string
  /** `none` where no cache is simulated. */
  readonly policy: PolicyName | 'none'
  readonly seed: number
}

/** One run to make on simulated boards. */
export interface PlannedRun {
  readonly board: Board
  readonly judgedAs: Board
  readonly policy: PolicyName
  readonly seed: number
}

export interface RunChoice {
  readonly boards: readonly (Board | string)[]
  readonly as: Board | string | undefined
  readonly policies: readonly PolicyName[]
  readonly seed: number
}

/** The runs of a choice; a board that is named twice runs once. RangeError for an unknown board. */
export function plannedRuns({ boards: wanted, as, policies, seed }: RunChoice): PlannedRun[] {
  const chosen = wanted.flatMap((one): readonly (Board | string)[] =>
    one === ALL_BOARDS ? [...allBoards.values()] : [one],
  )
  const tables = [...new Set(chosen.map(boardNamed))]
  return tables.flatMap((board) => {
    const judgedAs = as === undefined ? judgedFor(board) : boardNamed(as)
    return policies.map((policy): PlannedRun => ({ board, judgedAs, policy, seed }))
  })
}
