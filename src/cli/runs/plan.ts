/** Which runs a command makes: every board with every policy, in the order of the report. */
import { boards, judgedFor } from '../../sim/boards/index.ts'

export const policyNames = ['lazy', 'eager', 'random'] as const
export type PolicyName = (typeof policyNames)[number]

export const boardNames: readonly string[] = [...boards.keys()]

/** One run: a board, and who chooses what its caches do. */
export interface RunPlan {
  readonly board: string
  /** The board that is judged. */
  readonly judgedAs: string
  readonly policy: PolicyName
  readonly seed: number
}

export interface Selection {
  readonly boards: readonly string[]
  readonly judgedAs: string | undefined
  readonly policies: readonly PolicyName[]
  readonly seed: number
}

/** The runs of a selection; its names are known to exist. */
export function planRuns({ boards, judgedAs, policies, seed }: Selection): RunPlan[] {
  return boards.flatMap((board) => {
    const judge = judgedAs ?? referenceOf(board)
    return policies.map((policy): RunPlan => ({ board, judgedAs: judge, policy, seed }))
  })
}

function referenceOf(name: string): string {
  const board = boards.get(name)
  return board === undefined ? name : judgedFor(board).name
}

/** `random 7`, but `lazy`: a seed means nothing to those who never choose. */
export function policyText({ policy, seed }: Pick<RunPlan, 'policy' | 'seed'>): string {
  return policy === 'random' ? `random ${seed}` : policy
}

/** `arm-soc-random-7`: the run's name where only letters, digits and `-` are at home. */
export function runName(plan: RunPlan): string {
  return `${plan.board}-${policyText(plan).replace(' ', '-')}`
}
