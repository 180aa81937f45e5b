/** `dmabuf run`: a program on every board, and what is to be said about it. */
import { join } from 'node:path'
import { failedReportJson, reportJson } from '../../check/report/json.ts'
import { mergeFailures, mergeFindings } from '../../check/report/merge.ts'
import { exitCode } from '../exit-code.ts'
import { linuxPlan } from '../runs/linux.ts'
import type { WorkerTask } from '../runs/messages.ts'
import { PictureFiles } from '../runs/picture-files.ts'
import { planOwn, planRuns, type RunPlan, runName } from '../runs/plan.ts'
import { overallVerdict, type RunRecord, reportOf } from '../runs/record.ts'
import { runAll } from '../runs/run-all.ts'
import { NotLoadedError, type WorkerEnd } from '../runs/run-worker.ts'
import { failureText, loadFailureText, usageText } from '../terminal/failure-text.ts'
import { findingText } from '../terminal/finding-text.ts'
import { programOutputText } from '../terminal/program-output.ts'
import { showProgress } from '../terminal/progress.ts'
import { remarksText } from '../terminal/remarks.ts'
import { fileText, styleFor } from '../terminal/style.ts'
import { conclusion, summaryTable } from '../terminal/summary.ts'
import { UsageError } from '../usage-error.ts'
import { type RunFlags, type RunRequest, runRequest } from './run-request.ts'

/** May sleep. Runs, prints, and returns the exit code. */
export async function run(file: string, flags: RunFlags): Promise<number> {
  try {
    const request = runRequest(file, flags)
    const ends = await runRequested(request)
    return flags.json === true ? tellJson(file, ends) : tellPeople(ends, flags)
  } catch (error) {
    return tellFailure(file, flags, error)
  }
}

/** May sleep. The ends of all runs, in the order of the plan. */
async function runRequested(request: RunRequest): Promise<WorkerEnd[]> {
  const { selection, out, timeout, ...rest } = request
  const pictures = out === undefined ? undefined : new PictureFiles(out)
  const taskOf = (plan: RunPlan): WorkerTask => {
    return { plan, frames: pictures !== undefined, ...rest }
  }
  const { linux } = rest
  const tasks = (linux === undefined ? planRuns(selection) : [linuxPlan]).map(taskOf)
  const where = linux === undefined ? 'the simulated boards' : 'the kernel of this machine'
  const progress = showProgress(tasks.length, where)
  try {
    return await runAll(tasks, {
      timeout,
      onLoaded: (own) => {
        const more = linux === undefined ? planOwn(selection, own).map(taskOf) : []
        progress.more(more.length)
        return more
      },
      onStart: ({ plan }) => pictures?.begin(runName(plan)),
      onFrame: ({ plan }, index, png) => pictures?.write(runName(plan), index, png),
      onEnd: () => progress.ended(),
    })
  } finally {
    progress.stop()
  }
}

function tellJson(file: string, ends: readonly WorkerEnd[]): number {
  const records = recordsOf(ends)
  // What the program prints is not part of the report.
  process.stderr.write(programOutputText(printedOf(ends), styleFor(process.stderr, false)))
  printJson(reportJson(file, records.map(reportOf), fileText))
  return exitCode[overallVerdict(records)]
}

function tellPeople(ends: readonly WorkerEnd[], flags: RunFlags): number {
  const style = styleFor(process.stdout, flags.color)
  const records = recordsOf(ends)
  const findings = mergeFindings(records)
  const parts = [
    programOutputText(printedOf(ends), style),
    ...findings.map((finding) => findingText(finding, records, style)),
    ...mergeFailures(records, ({ failure }) => failure).map((failure) =>
      failureText(failure, records, style),
    ),
    remarksText(records, style),
    `${summaryTable(records, style)}\n${conclusion(records, findings, style)}`,
    flags.out === undefined ? '' : picturesText(flags.out, records),
  ]
  process.stdout.write(parts.filter((part) => part !== '').join('\n'))
  return exitCode[overallVerdict(records)]
}

/** Nothing ran, or not to the end: what is wrong goes to stderr, and to whoever reads JSON. */
function tellFailure(file: string, flags: RunFlags, error: unknown): number {
  const style = styleFor(process.stderr, flags.color)
  if (error instanceof NotLoadedError) {
    process.stderr.write(loadFailureText(error.failure, style))
    if (flags.json === true) printJson(failedReportJson(file, error.failure, fileText))
  } else if (error instanceof UsageError) {
    process.stderr.write(usageText(error, style))
    if (flags.json === true)
      printJson(failedReportJson(file, { ...error, kind: 'usage', message: error.message }))
  } else {
    throw error
  }
  return exitCode.failed
}

/** Where to look, by one picture's path. */
function picturesText(out: string, records: readonly RunRecord[]): string {
  const run = records.findLast(({ frames }) => frames > 0)
  if (run === undefined) return 'no picture was shown\n'
  const path = join(out, runName(run), `frame-${String(run.frames).padStart(4, '0')}.png`)
  return `pictures of each run: ${path} and before\n`
}

function printJson(report: object): void {
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
}

function recordsOf(ends: readonly WorkerEnd[]): RunRecord[] {
  return ends.map(({ record }) => record)
}

function printedOf(ends: readonly WorkerEnd[]): { plan: RunRecord; output: string }[] {
  return ends.map(({ record, output }) => ({ plan: record, output }))
}
