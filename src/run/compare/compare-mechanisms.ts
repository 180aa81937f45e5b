import { type ComparisonRow, comparisonRow } from '../../check/report/comparison.ts'
import { mechanisms as allMechanisms, type Board, type Mechanism } from '../../sim/index.ts'
import * as check from '../../syscalls/arguments.ts'
import { USUAL_BOARDS } from '../plan.ts'
import type { Program } from '../program.ts'
import { type RunOptions, type RunResult, runProgram } from '../run-program.ts'

export interface CompareOptions
  extends Omit<RunOptions, 'kernel' | 'board' | 'systemHeap' | 'trace'> {
  /** The boards of the table: names, or your own. Default: `pc` and `arm-soc`. */
  readonly boards?: readonly (Board | string)[] | undefined
  /** Default: all. */
  readonly mechanisms?: readonly Mechanism[] | undefined
  /** Called after each run. */
  readonly onRow?: ((row: ComparisonRow, result: RunResult) => void) | undefined
}

/**
 * May sleep. Runs `program` once for each mechanism and board, with the mechanism's heap in place of
 * /dev/dma_heap/system. Returns a row for each, by boards. Rejects for wrong options.
 */
export async function compareMechanisms(
  program: Program,
  { boards = USUAL_BOARDS, mechanisms = allMechanisms, onRow, ...options }: CompareOptions = {},
): Promise<ComparisonRow[]> {
  check.list('options.boards', boards)
  check.list('options.mechanisms', mechanisms)
  const rows: ComparisonRow[] = []
  for (const board of boards) {
    for (const mechanism of mechanisms) {
      const systemHeap = mechanism.heap?.('system')
      const result = await runProgram(program, { ...options, board, systemHeap })
      const row = comparisonRow(mechanism.name, result)
      rows.push(row)
      onRow?.(row, result)
    }
  }
  return rows
}
