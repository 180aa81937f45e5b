/** `dmabuf compare`: runs a program under each mechanism that can keep its buffers coherent. */
import type { ComparedSetup } from '../../check/report/comparison.ts'
import { importMappings } from '../../kernel/dmabuf/import-mapping.ts'
import { mechanisms } from '../../mechanisms/index.ts'
import { oneOf } from '../arguments.ts'
import { exitCode } from '../exit-code.ts'
import { Interrupted } from '../interruption.ts'
import { reportChoice } from '../reporters.ts'
import { compareRuns } from '../runs/compare-runs.ts'
import { planRuns } from '../runs/plan.ts'
import { showRuns } from '../terminal/runs-progress.ts'
import { reportFailure } from './report.ts'
import { ComparedRuns, reportComparison } from './report-comparison.ts'
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
  const runs = new ComparedRuns()
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
          runs.add(compared, end)
          progress.ran(runs.rows.length)
        },
      },
    )
    progress.stop()
    await reportComparison(runs, target)
    return runs.allFailed ? exitCode.failed : exitCode.clean
  } catch (error) {
    progress.stop()
    if (!(error instanceof Interrupted)) return await reportFailure(error, target)
    await reportComparison(runs, { ...target, interruption: error.message })
    return error.code
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
