/** `dmabuf compare`: runs a program under each mechanism that can keep its buffers coherent. */
import {
  type ComparedSetup,
  type ComparisonRow,
  comparisonRow,
} from '../../check/report/comparison.ts'
import { importMappings } from '../../kernel/dmabuf/import-mapping.ts'
import { mechanisms } from '../../mechanisms/index.ts'
import { oneOf } from '../arguments.ts'
import { exitCode } from '../exit-code.ts'
import { Interrupted } from '../interruption.ts'
import { reportChoice, writeReport } from '../reporters.ts'
import { compareRuns } from '../runs/compare-runs.ts'
import { planRuns } from '../runs/plan.ts'
import { reportOf } from '../runs/record.ts'
import { comparisonText } from '../terminal/comparison-text.ts'
import { print } from '../terminal/print.ts'
import { printableData } from '../terminal/printable.ts'
import { showRuns } from '../terminal/runs-progress.ts'
import { type Style, styleFor } from '../terminal/style.ts'
import { reportFailure } from './report.ts'
import { type RunFlags, runRequest } from './run-request.ts'

/** The options as the command line gives them. */
export interface CompareFlags
  extends Pick<RunFlags, 'board' | 'as' | 'seed' | 'camera' | 'input' | 'timeout' | 'linux'>,
    Pick<RunFlags, 'output' | 'json' | 'color'> {
  readonly policy?: string
  readonly mechanism?: readonly string[]
  readonly imports?: readonly string[]
}

/**
 * May sleep. Prints the table, and returns the exit code: that the program could run, not how it fared. Throws a
 * UsageError, and the reason of `signal`.
 */
export async function compare(
  file: string,
  flags: CompareFlags,
  signal: AbortSignal,
): Promise<number> {
  const { policy = 'lazy', mechanism: _, imports: _imports, ...rest } = flags
  const choice = reportChoice(flags)
  const setups = setupsOf(flags)
  const rows: ComparisonRow[] = []
  const progress = showRuns('comparing', 'runs')
  try {
    const request = await runRequest(file, { ...rest, policy: [policy] }, signal)
    const { selection, limit, out: _out, trace: _trace, program: _program, ...setup } = request
    await compareRuns(
      { ...setup, frames: false },
      {
        ...{ limit, signal, setups },
        onFiles: () => {},
        plan: (own) => planRuns(selection, own),
        onEnd: (setup, { record }) => {
          rows.push(comparisonRow(setup, reportOf(record)))
          progress.ran(rows.length)
        },
      },
    )
  } catch (error) {
    progress.stop()
    if (error instanceof Interrupted) return error.code
    return await reportFailure(error, { file, flags, choice })
  }
  progress.stop()
  const text = (style: Style): string =>
    choice.reporter === 'json'
      ? `${JSON.stringify({ version: 1, program: file, rows }, undefined, 2)}\n`
      : comparisonText(printableData(rows), style)
  if (choice.output !== undefined) writeReport(choice.output, text(styleFor({}, false)))
  if (choice.output === undefined || choice.reporter === 'text') {
    await print(text(styleFor(process.stdout, flags.color)))
  }
  return exitCode.clean
}

/** All mechanisms and both kinds of importers where none was named. */
function setupsOf({ mechanism, imports }: CompareFlags): ComparedSetup[] {
  const known = mechanisms.map(({ name }) => name)
  const names = mechanism?.map((name) => oneOf('--mechanism', name, known)) ?? known
  const ways = imports?.map((way) => oneOf('--imports', way, importMappings)) ?? importMappings
  return ways.flatMap((way) => names.map((name) => ({ mechanism: name, imports: way })))
}
