/** Naming sets of runs in few words. */
import { policyText, type RunPlan } from '../runs/plan.ts'

/**
 * `pc (lazy, eager), arm-soc`: a board alone stands for all of `all`'s runs on it; `every run` for all
 * of them.
 */
export function runsText(runs: readonly RunPlan[], all: readonly RunPlan[]): string {
  if (runs.length === all.length && all.length > 1) return 'every run'
  const boards = [...new Set(runs.map(({ board }) => board))]
  return boards.map((board) => boardText(on(runs, board), on(all, board))).join(', ')
}

function boardText(runs: readonly RunPlan[], all: readonly RunPlan[]): string {
  const board = runs[0]?.board ?? ''
  if (runs.length === all.length) return board
  return `${board} (${runs.map(policyText).join(', ')})`
}

function on(runs: readonly RunPlan[], board: string): RunPlan[] {
  return runs.filter((run) => run.board === board)
}
