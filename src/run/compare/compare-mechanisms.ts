import { type ComparisonRow, comparisonRow } from '../../check/report/comparison.ts'
import {
  mechanisms as allMechanisms,
  type Board,
  type ImportMapping,
  importMappings,
  type Mechanism,
} from '../../sim/index.ts'
import * as check from '../../syscalls/arguments.ts'
import { USUAL_BOARDS } from '../plan.ts'
import type { Program } from '../program.ts'
import { type RunOptions, type RunResult, runProgram } from '../run-program.ts'

export interface CompareOptions
  extends Omit<RunOptions, 'kernel' | 'board' | 'systemHeap' | 'imports' | 'trace'> {
  /** The boards of the table: names, or your own. Default: `pc` and `arm-soc`. */
  readonly boards?: readonly (Board | string)[] | undefined
  /** Default: all. */
  readonly mechanisms?: readonly Mechanism[] | undefined
  /** When the camera and the display map their imports. Default: both ways. */
  readonly imports?: readonly ImportMapping[] | undefined
  /** Called after each run. */
  readonly onRow?: ((row: ComparisonRow, result: RunResult) => void) | undefined
}

/**
 * May sleep. Runs `program` once for each mechanism and board, with the mechanism's heap in place of
 * /dev/dma_heap/system, and once more with importers that map for each use. Returns a row for each, by boards and
 * importers. Rejects for wrong options.
 */
export async function compareMechanisms(
  program: Program,
  options: CompareOptions = {},
): Promise<ComparisonRow[]> {
  const { boards = USUAL_BOARDS, mechanisms = allMechanisms, onRow, ...rest } = options
  const { imports = importMappings, ...common } = rest
  check.list('options.boards', boards)
  check.list('options.mechanisms', mechanisms)
  for (const one of mechanisms) {
    check.having(
      'options.mechanisms[]',
      one,
      'a Mechanism, such as one of `mechanisms`',
      'name',
      'heap',
    )
  }
  check.list('options.imports', imports)
  const setups = boards.flatMap((board) =>
    imports.flatMap((way) => mechanisms.map((mechanism) => ({ board, way, mechanism }))),
  )
  const rows: ComparisonRow[] = []
  for (const { board, way, mechanism } of setups) {
    const systemHeap = mechanism.heap?.('system')
    const result = await runProgram(program, { ...common, board, systemHeap, imports: way })
    const row = comparisonRow({ mechanism: mechanism.name, imports: way }, result)
    rows.push(row)
    onRow?.(row, result)
  }
  return rows
}
