/** Which runs a command makes: every board with every policy, in the order of the report. */
import {
  ALL_BOARDS,
  type PolicyName,
  policyText,
  type RunName,
  USUAL_BOARDS,
} from '../../run/plan.ts'
import { boards, judgedFor } from '../../sim/boards/index.ts'
import type { OwnBoard } from './messages.ts'

export { ALL_BOARDS, type PolicyName, policyNames, policyText } from '../../run/plan.ts'

export const boardNames: readonly string[] = [...boards.keys()]

/** One run; `judgedAs` is empty where the board is a table of the program's file. */
export type RunPlan = RunName

export interface Selection {
  /** Names, also of boards in the program's file; undefined for the usual ones and those. */
  readonly boards: readonly string[] | undefined
  readonly judgedAs: string | undefined
  readonly policies: readonly PolicyName[]
  readonly seed: number
}

/** The runs of a selection that are known before the program's file is loaded. */
export function planRuns(selection: Selection): RunPlan[] {
  const { boards: names = USUAL_BOARDS } = selection
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

/** `arm-soc-random-7`: the run's name where only letters, digits and `-` are at home. */
export function runName(plan: RunPlan): string {
  return `${plan.board}-${policyText(plan).replace(' ', '-')}`
}
