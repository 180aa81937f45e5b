/** Naming sets of runs in few words. */
import type { RunReport } from './run-report.ts'

/** The name of a run. */
export type RunLabel = Pick<RunReport, 'board' | 'judgedAs' | 'policy' | 'seed'> & {
  readonly schedule?: string | null | undefined
}

/**
 * `pc (lazy, eager), arm-soc`: a board alone stands for all of `all`'s runs on it; `every run` for all
 * of them.
 */
export function runsText(runs: readonly RunLabel[], all: readonly RunLabel[]): string {
  if (runs.length === all.length && all.length > 1) return 'every run'
  const boards = [...new Set(runs.map(({ board }) => board))]
  return boards.map((board) => boardText(on(runs, board), on(all, board))).join(', ')
}

function boardText(runs: readonly RunLabel[], all: readonly RunLabel[]): string {
  const board = runs[0]?.board ?? ''
  if (runs.length === all.length) return board
  return `${board} (${runs.map(policyText).join(', ')})`
}

function on(runs: readonly RunLabel[], board: string): RunLabel[] {
  return runs.filter((run) => run.board === board)
}

/** `random 7`, but `lazy`: only the random policy has a use for the seed. */
export function policyText({ policy, seed }: Pick<RunLabel, 'policy' | 'seed'>): string {
  return policy === 'random' ? `random ${seed}` : policy
}
