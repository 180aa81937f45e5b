/** `dmabuf explore`: runs a program in many orders of its tasks, and reports the findings of all. */
import { USUAL_BOUND, USUAL_LIMIT } from '../../run/explore/explore-program.ts'
import { wholeNumber } from '../arguments.ts'
import { Interrupted } from '../interruption.ts'
import { reportChoice } from '../reporters.ts'
import { exploreOrders } from '../runs/explore-orders.ts'
import { planRuns, type RunPlan } from '../runs/plan.ts'
import type { WorkerEnd } from '../runs/program-worker.ts'
import { showRuns } from '../terminal/runs-progress.ts'
import { UsageError } from '../usage-error.ts'
import { reportFailure } from './report.ts'
import { OrdersSeen, reportOrders } from './report-orders.ts'
import { type RunFlags, runRequest } from './run-request.ts'

/** The options as the command line gives them. */
export interface ExploreFlags
  extends Pick<RunFlags, 'as' | 'seed' | 'camera' | 'input' | 'timeout' | 'views' | 'linux'>,
    Pick<RunFlags, 'notes' | 'reporter' | 'output' | 'json' | 'color'> {
  readonly board?: string
  readonly policy?: string
  readonly bound?: string
  readonly failures?: boolean
  readonly limit?: string
}

const MOST = 2 ** 31

/** May sleep. Runs, reports, and returns the exit code. Throws a UsageError. */
export async function explore(
  file: string,
  flags: ExploreFlags,
  signal: AbortSignal,
): Promise<number> {
  const { board = 'arm-soc', policy = 'lazy', ...rest } = flags
  const choice = reportChoice(flags)
  const target = { file, flags, choice }
  const seen = new OrdersSeen(flags.failures === true)
  const progress = showRuns('exploring', 'orders tried')
  try {
    const bound = wholeNumber('--bound', flags.bound ?? String(USUAL_BOUND), 0, MOST)
    const limit = wholeNumber('--limit', flags.limit ?? String(USUAL_LIMIT), 1, MOST)
    const request = await runRequest(file, { ...rest, board: [board], policy: [policy] }, signal)
    const { selection, out: _out, trace: _trace, program: _program, ...setup } = request
    const wanted = { ...setup, frames: false }
    const complete = await exploreOrders(wanted, {
      limit: request.limit,
      ...{ bound, orders: limit, failures: flags.failures === true, signal },
      onFiles: () => {},
      plan: (own) => onlyPlan(planRuns(selection, own)),
      onEnd: (end: WorkerEnd, runs: number) => {
        seen.add(end)
        progress.ran(runs)
      },
    })
    progress.stop()
    return await reportOrders(seen, target, complete ? 'complete' : 'bounded')
  } catch (error) {
    progress.stop()
    if (!(error instanceof Interrupted)) return await reportFailure(error, target)
    await reportOrders(seen, target, error.message)
    return error.code
  }
}

function onlyPlan(plans: readonly RunPlan[]): RunPlan {
  const [plan, ...others] = plans
  if (plan !== undefined && others.length === 0) return plan
  throw new UsageError('explore tries the orders of one board', 'Name one board with --board.')
}
