/** `dmabuf run`: a program on every board, and what is to be said about it. */
import { join } from 'node:path'
import { failedReportJson, reportJson } from '../../check/report/json.ts'
import { mergeFailures, mergeFindings } from '../../check/report/merge.ts'
import { exitCode } from '../exit-code.ts'
import { Interrupted } from '../interruption.ts'
import { linuxPlan } from '../runs/linux.ts'
import type { RunSetup } from '../runs/messages.ts'
import type { Printed } from '../runs/output.ts'
import { PictureFiles } from '../runs/picture-files.ts'
import { planRuns, planUnloaded, runName } from '../runs/plan.ts'
import { NotLoadedError, type WorkerEnd } from '../runs/program-worker.ts'
import { type Failure, overallVerdict, type RunRecord, reportOf } from '../runs/record.ts'
import { runAll } from '../runs/run-all.ts'
import { failureText, loadFailureText, usageText } from '../terminal/failure-text.ts'
import { findingText } from '../terminal/finding-text.ts'
import { print, printAside } from '../terminal/print.ts'
import { printableData } from '../terminal/printable.ts'
import { programOutputText } from '../terminal/program-output.ts'
import { showProgress } from '../terminal/progress.ts'
import { remarksText } from '../terminal/remarks.ts'
import { fileText, type Style, styleFor } from '../terminal/style.ts'
import { conclusion, summaryTable } from '../terminal/summary.ts'
import { UsageError } from '../usage-error.ts'
import { type RunFlags, type RunRequest, runRequest } from './run-request.ts'

/** May sleep. Runs, prints, and returns the exit code. `signal` aborts with `Interrupted`. */
export async function run(file: string, flags: RunFlags, signal: AbortSignal): Promise<number> {
  const ended: WorkerEnd[] = []
  try {
    const request = await runRequest(file, flags, signal)
    const ends = await runRequested(request, signal, (end) => ended.push(end))
    if (flags.json !== true) return await reportToPeople(ends, flags)
    return await reportAsJson(file, ends)
  } catch (error) {
    if (!(error instanceof Interrupted)) return await reportFailure(file, flags, error)
    if (ended.length > 0) {
      await (flags.json === true ? reportAsJson(file, ended) : reportToPeople(ended, flags))
    }
    await printAside(`${error.message}: ${ended.length} runs had ended\n`)
    return error.code
  }
}

/** May sleep. The ends of all runs, in the order of the plan. */
async function runRequested(
  { selection, out, limit, ...setup }: RunRequest,
  signal: AbortSignal,
  onEnd: (end: WorkerEnd) => void,
): Promise<WorkerEnd[]> {
  const { linux } = setup
  const progress = showProgress(
    linux === undefined ? 'the simulated boards' : 'the kernel of this machine',
  )
  let pictures: PictureFiles | undefined
  const wanted: RunSetup = { ...setup, frames: out !== undefined }
  try {
    const unloaded = linux === undefined ? planUnloaded(selection) : [linuxPlan]
    return await runAll(wanted, {
      limit,
      signal,
      expected: unloaded.length,
      planUnloaded: () => unloaded,
      plan: (own) => {
        const plans = linux === undefined ? planRuns(selection, own) : [linuxPlan]
        progress.planned(plans.length)
        if (out !== undefined) pictures = new PictureFiles(out)
        return plans
      },
      onStart: (plan, read) => {
        pictures?.begin(runName(plan))
        progress.started(plan, read)
      },
      onFrame: (plan, index, png) => pictures?.write(runName(plan), index, png),
      onEnd: (end) => {
        progress.ended(end.plan)
        onEnd(end)
      },
    })
  } finally {
    progress.stop()
  }
}

/** May sleep. Returns the exit code. */
async function reportAsJson(file: string, ends: readonly WorkerEnd[]): Promise<number> {
  const records = recordsOf(ends)
  const style = styleFor(process.stderr, false)
  // What the program prints is not part of the report.
  for (const name of ['stdout', 'stderr'] as const) await printAside(outputText(ends, name, style))
  await printJson(reportJson(file, records.map(reportOf), fileText))
  return exitCode[overallVerdict(records)]
}

/** May sleep. Returns the exit code. */
async function reportToPeople(ends: readonly WorkerEnd[], flags: RunFlags): Promise<number> {
  const style = styleFor(process.stdout, flags.color)
  const records = printableData(recordsOf(ends))
  const findings = mergeFindings(records)
  const parts = [
    outputText(ends, 'stdout', style),
    ...findings.map((finding) => findingText(finding, records, style)),
    ...mergeFailures(records, ({ failure }) => failure).map((failure) =>
      failureText(failure, records, style),
    ),
    remarksText(records, style),
    `${summaryTable(records, style)}\n${conclusion(records, findings, style)}`,
    flags.out === undefined ? '' : picturesText(flags.out, records),
  ]
  await printAside(outputText(ends, 'stderr', styleFor(process.stderr, flags.color)))
  await print(parts.filter((part) => part !== '').join('\n'))
  return exitCode[overallVerdict(records)]
}

function outputText(ends: readonly WorkerEnd[], stream: keyof Printed, style: Style): string {
  const outputs = ends.map(({ record, printed }) => ({ plan: record, text: printed[stream] }))
  return programOutputText(outputs, style)
}

/** May sleep. Nothing ran, or not to the end: that goes to stderr, and into the JSON. */
async function reportFailure(file: string, flags: RunFlags, error: unknown): Promise<number> {
  const style = styleFor(process.stderr, flags.color)
  const failure = failureOf(error)
  // There is no report on stdout that the file's own output could belong to.
  if (error instanceof NotLoadedError) {
    await printAside(`${error.printed.stdout}${error.printed.stderr}`)
  }
  await printAside(
    failure instanceof UsageError
      ? usageText(failure, style)
      : loadFailureText(printableData(failure), style),
  )
  if (flags.json === true) await printJson(failedReport(file, failure))
  return exitCode.failed
}

function failedReport(file: string, failure: Failure | UsageError): object {
  if (!(failure instanceof UsageError)) return failedReportJson(file, failure, fileText)
  const { message, advice } = failure
  return failedReportJson(file, { kind: 'usage', message, advice }, fileText)
}

function failureOf(error: unknown): Failure | UsageError {
  if (error instanceof NotLoadedError) return error.failure
  if (error instanceof UsageError) return error
  throw error
}

/** Where to look, by one picture's path. */
function picturesText(out: string, records: readonly RunRecord[]): string {
  const run = records.findLast(({ frames }) => frames > 0)
  if (run === undefined) return 'no picture was shown\n'
  const path = join(out, runName(run), `frame-${String(run.frames).padStart(4, '0')}.png`)
  return `pictures of each run: ${path} and before\n`
}

async function printJson(report: object): Promise<void> {
  await print(`${JSON.stringify(report, null, 2)}\n`)
}

function recordsOf(ends: readonly WorkerEnd[]): RunRecord[] {
  return ends.map(({ record }) => record)
}
