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
import type { Printed } from '../runs/output.ts'
import { planRuns } from '../runs/plan.ts'
import type { WorkerEnd } from '../runs/program-worker.ts'
import { reportOf } from '../runs/record.ts'
import { comparisonText } from '../terminal/comparison-text.ts'
import { print, printAside } from '../terminal/print.ts'
import { printableData } from '../terminal/printable.ts'
import { programOutputText } from '../terminal/program-output.ts'
import { showRuns } from '../terminal/runs-progress.ts'
import { type Style, styleFor } from '../terminal/style.ts'
import { type ReportTarget, reportFailure } from './report.ts'
import { notEmpty, type RunFlags, runRequest } from './run-request.ts'

/** The options as the command line gives them. */
export interface CompareFlags
  extends Pick<RunFlags, 'board' | 'as' | 'seed' | 'camera' | 'input' | 'timeout' | 'linux'>,
    Pick<RunFlags, 'output' | 'json' | 'color'> {
  readonly policy?: string
  readonly mechanism?: readonly string[]
  readonly imports?: readonly string[]
}

/**
 * May sleep. Prints the tables, and returns the exit code: whether the program came to its end somewhere. Throws a
 * UsageError.
 */
export async function compare(
  file: string,
  flags: CompareFlags,
  signal: AbortSignal,
): Promise<number> {
  const { policy = 'lazy', mechanism: _, imports: _imports, ...rest } = flags
  const choice = reportChoice(flags)
  const target = { file, flags, choice }
  const setups = setupsOf(flags)
  const seen = new RunsSeen()
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
        onEnd: (compared, end) => {
          seen.add(compared, end)
          progress.ran(seen.rows.length)
        },
      },
    )
    progress.stop()
    await reportComparison(seen, target)
    return isAllFailed(seen) ? exitCode.failed : exitCode.clean
  } catch (error) {
    progress.stop()
    if (!(error instanceof Interrupted)) return await reportFailure(error, target)
    await reportComparison(seen, target)
    const { colors } = styleFor(process.stderr, flags.color)
    await printAside(`${colors.red(error.message)}: runs are missing\n`)
    return error.code
  }
}

/** The rows so far, and the output of the first run: it stands for that of all. */
class RunsSeen {
  readonly rows: ComparisonRow[] = []
  first: WorkerEnd | undefined

  add(compared: ComparedSetup, end: WorkerEnd): void {
    this.first ??= end
    this.rows.push(comparisonRow(compared, reportOf(end.record)))
  }

  output(stream: keyof Printed, style: Style): string {
    if (this.first === undefined) return ''
    return programOutputText([{ plan: this.first.record, text: this.first.printed[stream] }], style)
  }
}

function isAllFailed({ rows }: RunsSeen): boolean {
  return rows.every(({ verdict }) => verdict === 'failed')
}

/** May sleep. Throws a UsageError where the file cannot be written. */
async function reportComparison(
  seen: RunsSeen,
  { file, flags, choice }: ReportTarget,
): Promise<void> {
  const { reporter, output } = choice
  const { rows } = seen
  const errors = styleFor(process.stderr, flags.color)
  const text = (style: Style): string => {
    if (reporter === 'json') {
      return `${JSON.stringify({ version: 1, program: file, rows }, undefined, 2)}\n`
    }
    const parts = [seen.output('stdout', style), comparisonText(printableData(rows), style)]
    return parts.filter((part) => part !== '').join('\n')
  }
  if (reporter === 'json') await printAside(seen.output('stdout', errors))
  await printAside(seen.output('stderr', errors))
  if (output !== undefined) writeReport(output, text(styleFor({}, false)))
  if (output === undefined || reporter === 'text') {
    await print(text(styleFor(process.stdout, flags.color)))
  }
}

/** All mechanisms and both kinds of importers where none was named. */
function setupsOf({ mechanism, imports }: CompareFlags): ComparedSetup[] {
  const known = mechanisms.map(({ name }) => name)
  notEmpty('--mechanism', mechanism)
  notEmpty('--imports', imports)
  const names = mechanism?.map((name) => oneOf('--mechanism', name, known)) ?? known
  const ways = imports?.map((way) => oneOf('--imports', way, importMappings)) ?? importMappings
  return ways.flatMap((way) => names.map((name) => ({ mechanism: name, imports: way })))
}
