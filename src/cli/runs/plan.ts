/** Which runs a command makes: every board with every policy, in the order of the report. */

import { didYouMean } from '../../base/nearest.ts'
import { boards, judgedFor, readyBoards } from '../../boards/index.ts'
import { policyText } from '../../check/report/runs-text.ts'
import { ALL_BOARDS, type PolicyName, type RunName, USUAL_BOARDS } from '../../run/plan.ts'
import { UsageError } from '../usage-error.ts'
import type { OwnBoard } from './messages.ts'

export { policyText } from '../../check/report/runs-text.ts'
export { ALL_BOARDS, type PolicyName, policyNames } from '../../run/plan.ts'

export const boardNames: readonly string[] = [...readyBoards.keys()]

/** One run; `judgedAs` is empty where the board is a table of the program's file. */
export type RunPlan = RunName

export interface Selection {
  /** Names, also of boards in the program's file; undefined for the usual ones and those. */
  readonly boards: readonly string[] | undefined
  readonly judgedAs: string | undefined
  readonly policies: readonly PolicyName[]
  readonly seed: number
}

/** The runs of a selection, where the program's file brings the boards `own`. Throws a UsageError. */
export function planRuns(selection: Selection, own: readonly OwnBoard[]): RunPlan[] {
  const known = [...boardNames, ...own.map(({ name }) => name)]
  for (const name of selection.boards ?? []) checkName('--board', name, [...known, ALL_BOARDS])
  if (selection.judgedAs !== undefined) checkName('--as', selection.judgedAs, known)
  return runsOf(selection, new Map(own.map(({ name, judgedAs }) => [name, judgedAs])))
}

/** The runs of a selection as far as they can be known without the program's file. */
export function planUnloaded(selection: Selection): RunPlan[] {
  return runsOf(selection, new Map())
}

function runsOf(selection: Selection, references: ReadonlyMap<string, string>): RunPlan[] {
  const usual = [...USUAL_BOARDS, ...references.keys()]
  const all = [...boards.keys(), ...references.keys()]
  const names = selection.boards?.flatMap((name) => (name === ALL_BOARDS ? all : [name]))
  return [...new Set(names ?? usual)].flatMap((name) =>
    runsOn(name, references.get(name) ?? referenceOf(name), selection),
  )
}

function checkName(option: string, name: string, names: readonly string[]): void {
  if (!names.includes(name)) {
    throw new UsageError(`${option} '${name}' is unknown`, didYouMean(name, names))
  }
}

function runsOn(board: string, reference: string, selection: Selection): RunPlan[] {
  const { judgedAs = reference, policies, seed } = selection
  return policies.map((policy): RunPlan => ({ board, judgedAs, policy, seed }))
}

/** Empty for a board of the program's file: only its table has the name. */
function referenceOf(name: string): string {
  const board = readyBoards.get(name)
  return board === undefined ? '' : judgedFor(board).name
}

/** `arm-soc-random-7`: the run's name where only letters, digits and `-` are at home. */
export function runName(plan: RunPlan): string {
  return `${plan.board}-${policyText(plan).replace(' ', '-')}`
}

/** Whether a board's name can be part of a file's name on every system. */
export function isSafeName(name: string): boolean {
  return /^[\p{L}\p{N}][\p{L}\p{N}._-]{0,63}$/u.test(name)
}

export const NAME_RULE =
  'a name is up to 64 letters, digits, dots, dashes and underscores, and starts with a letter or a digit'
