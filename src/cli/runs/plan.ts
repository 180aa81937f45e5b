/** Which runs a command makes: every board with every policy, in the order of the report. */
import { boards, judgedFor } from '../../sim/boards/index.ts'
import type { OwnBoard } from './messages.ts'

export const policyNames = ['lazy', 'eager', 'random'] as const
export type PolicyName = (typeof policyNames)[number]

export const boardNames: readonly string[] = [...boards.keys()]
/** What a run without `--board` is on, with the boards of the program's own file. */
const USUAL: readonly string[] = ['pc', 'arm-soc']
/** Instead of a name: every ready board, and those of the program's file. */
export const ALL_BOARDS = 'all'

/** One run: a board, and who chooses what its caches do. */
export interface RunPlan {
  readonly board: string
  /** The board that is judged; empty where only the program's file tells. */
  readonly judgedAs: string
  /** `none` where no cache is simulated. */
  readonly policy: PolicyName | 'none'
  readonly seed: number
}

export interface Selection {
  /** Names, also of boards in the program's file; undefined for the usual ones and those. */
  readonly boards: readonly string[] | undefined
  readonly judgedAs: string | undefined
  readonly policies: readonly PolicyName[]
  readonly seed: number
}

/** The runs of a selection that are known before the program's file is loaded. */
export function planRuns(selection: Selection): RunPlan[] {
  const { boards: names = USUAL } = selection
  const chosen = names.flatMap((name) => (name === ALL_BOARDS ? boardNames : [name]))
  return [...new Set(chosen)].flatMap((name) => runsOn(name, referenceOf(name), selection))
}

/** The runs on boards of the program's file, where they were not asked for by name. */
export function planOwn(selection: Selection, own: readonly OwnBoard[]): RunPlan[] {
  const { boards: names } = selection
  if (names !== undefined && !names.includes(ALL_BOARDS)) return []
  const planned = new Set(planRuns(selection).map(({ board }) => board))
  return own
    .filter(({ name }) => !planned.has(name))
    .flatMap(({ name, judgedAs }) => runsOn(name, judgedAs, selection))
}

function runsOn(board: string, reference: string, selection: Selection): RunPlan[] {
  const { judgedAs = reference, policies, seed } = selection
  return policies.map((policy): RunPlan => ({ board, judgedAs, policy, seed }))
}

/** Empty for a board of the program's file: only its table tells. */
function referenceOf(name: string): string {
  const board = boards.get(name)
  return board === undefined ? '' : judgedFor(board).name
}

/** `random 7`, but `lazy`: a seed means nothing to those who never choose. */
export function policyText({ policy, seed }: Pick<RunPlan, 'policy' | 'seed'>): string {
  return policy === 'random' ? `random ${seed}` : policy
}

/** `arm-soc-random-7`: the run's name where only letters, digits and `-` are at home. */
export function runName(plan: RunPlan): string {
  return `${plan.board}-${policyText(plan).replace(' ', '-')}`
}
