/** `dmabuf run`: runs a program on every board and reports the result. */
import { Interrupted } from '../interruption.ts'
import { type ReportChoice, reportChoice } from '../reporters.ts'
import { linuxPlan } from '../runs/linux.ts'
import type { RunSetup } from '../runs/messages.ts'
import { PictureFiles } from '../runs/picture-files.ts'
import { planRuns, planUnloaded, runName } from '../runs/plan.ts'
import type { WorkerEnd } from '../runs/program-worker.ts'
import { type RunsHost, runAll } from '../runs/run-all.ts'
import { printAside } from '../terminal/print.ts'
import { showProgress } from '../terminal/progress.ts'
import { traceName } from '../trace-file.ts'
import { UsageError } from '../usage-error.ts'
import { type ReportTarget, reportFailure, reportRuns } from './report.ts'
import { type RunFlags, type RunRequest, runRequest } from './run-request.ts'

/**
 * May sleep. Runs, reports, and returns the exit code. Throws a UsageError where the report has nowhere to
 * go. `signal` aborts with `Interrupted`; `onFiles` gets the user's files that were loaded.
 */
export async function run(
  file: string,
  flags: RunFlags,
  signal: AbortSignal,
  onFiles: (files: readonly string[]) => void = () => {},
): Promise<number> {
  const choice: ReportChoice = reportChoice(flags)
  const target: ReportTarget = { file, flags, choice }
  const ended: WorkerEnd[] = []
  let ends: readonly WorkerEnd[]
  try {
    const request = await runRequest(file, flags, signal)
    ends = await runRequested(request, { signal, onFiles, onEnd: (end) => ended.push(end) })
  } catch (error) {
    if (!(error instanceof Interrupted)) return await reportFailure(error, target)
    await reportInterruption(ended, target, error)
    return error.code
  }
  return await reportRuns(ends, target)
}

/** May sleep. Reports the runs that had ended; reports for other programs are written even if none had. */
async function reportInterruption(
  ended: readonly WorkerEnd[],
  target: ReportTarget,
  { message }: Interrupted,
): Promise<void> {
  if (ended.length > 0 || target.choice.reporter !== 'text') {
    await reportRuns(ended, { ...target, interruption: message })
  } else await printAside(`${message} before any run had ended\n`)
}

/** May sleep. The ends of all runs, in the order of the plan. */
async function runRequested(
  { selection, out, trace, program, limit, ...setup }: RunRequest,
  { signal, onFiles, onEnd }: Pick<RunsHost, 'signal' | 'onFiles' | 'onEnd'>,
): Promise<WorkerEnd[]> {
  const { linux } = setup
  const progress = showProgress(
    linux === undefined ? 'the simulated boards' : 'the kernel of this machine',
  )
  let pictures: PictureFiles | undefined
  let isAlone = false
  const wanted: RunSetup = { ...setup, frames: out !== undefined }
  try {
    const unloaded = linux === undefined ? planUnloaded(selection) : [linuxPlan]
    return await runAll(wanted, {
      limit,
      signal,
      onFiles,
      expected: unloaded.length,
      planUnloaded: () => unloaded,
      plan: (own) => {
        const plans = linux === undefined ? planRuns(selection, own) : [linuxPlan]
        progress.planned(plans.length)
        isAlone = plans.length === 1
        if (setup.schedule !== undefined && !isAlone) throw severalRuns(plans.length)
        if (out !== undefined) pictures = new PictureFiles(out)
        return plans
      },
      onStart: (plan, read) => {
        pictures?.begin(runName(plan))
        progress.started(plan, read)
      },
      traceOf: (plan) => {
        if (trace === undefined) return undefined
        return { program, file: isAlone ? trace : traceName(trace, runName(plan)) }
      },
      onPicture: (plan, picture) => pictures?.write(runName(plan), picture),
      onEnd: (end) => {
        progress.ended(end.plan)
        onEnd(end)
      },
    })
  } finally {
    progress.stop()
  }
}

function severalRuns(count: number): UsageError {
  return new UsageError(
    `--schedule replays one run, and these options select ${count}`,
    'Name the board and the policy of the run: `--board arm-soc --policy lazy`.',
  )
}
