/** The report of `dmabuf run`: on its runs, or on why there were none. */
import { join } from 'node:path'
import { type ErrorJson, failedReportJson, reportJson } from '../../check/report/json.ts'
import { mergeFailures, mergeFindings } from '../../check/report/merge.ts'
import { exitCode } from '../exit-code.ts'
import { isForPrograms, type ReportChoice, reportText, writeReport } from '../reporters.ts'
import type { Printed } from '../runs/output.ts'
import { pictureName } from '../runs/picture-files.ts'
import { runName } from '../runs/plan.ts'
import { NotLoadedError, type WorkerEnd } from '../runs/program-worker.ts'
import { type Failure, overallVerdict, type RunRecord, reportOf } from '../runs/record.ts'
import { failureText, loadFailureText, usageText } from '../terminal/failure-text.ts'
import { findingText } from '../terminal/finding-text.ts'
import { print, printAside } from '../terminal/print.ts'
import { printable, printableData } from '../terminal/printable.ts'
import { programOutputText } from '../terminal/program-output.ts'
import { remarksText } from '../terminal/remarks.ts'
import { countText, type Style, styleFor } from '../terminal/style.ts'
import { conclusion, summaryTable } from '../terminal/summary.ts'
import { UsageError } from '../usage-error.ts'

export interface ReportTarget {
  /** The program, as it was given. */
  readonly file: string
  readonly flags: { readonly out?: string; readonly notes?: boolean; readonly color: boolean }
  readonly choice: ReportChoice
  /** Why runs are missing: `interrupted by SIGINT`. */
  readonly interruption?: string | undefined
}

/** May sleep. Reports `ends` and returns the exit code. Throws a UsageError where a file cannot be written. */
export async function reportRuns(
  ends: readonly WorkerEnd[],
  { file, flags, choice, interruption }: ReportTarget,
): Promise<number> {
  const records = recordsOf(ends)
  const { reporter, output } = choice
  const errors = styleFor(process.stderr, flags.color)
  const textFor = (style: Style): string => peoplesText(ends, { flags, interruption }, style)
  // The program's output is not part of a report for other programs.
  if (isForPrograms(choice)) await printAside(outputText(ends, 'stdout', errors))
  await printAside(outputText(ends, 'stderr', errors))
  if (!isForPrograms(choice)) {
    await print(textFor(styleFor(process.stdout, flags.color)))
  }
  if (reporter === 'text') {
    if (output !== undefined) writeReport(output, textFor(styleFor({}, false)))
  } else {
    const reports = records.map(reportOf)
    const text = reportText(reporter, (program, fileName) =>
      interruption === undefined
        ? reportJson(program(file), reports, fileName)
        : failedReportJson(program(file), interrupted(interruption), fileName, reports),
    )
    await deliver(text, output)
  }
  if (interruption !== undefined && reporter !== 'text') {
    const text = conclusion(records, mergeFindings(records), errors, interruption)
    await printAside(text)
  }
  return exitCode[overallVerdict(records)]
}

/** May sleep. Nothing ran, or not to the end: that goes to stderr, and into the report. Returns the exit code. */
export async function reportFailure(
  error: unknown,
  { file, flags, choice }: ReportTarget,
): Promise<number> {
  const failure = failureOf(error)
  // There is no report on stdout that the file's own output could belong to.
  if (error instanceof NotLoadedError) {
    await printAside(`${error.printed.stdout}${error.printed.stderr}`)
  }
  const text = failedText(failure, styleFor(process.stderr, flags.color))
  await printAside(text)
  const { reporter, output } = choice
  if (reporter !== 'text') {
    const json = errorOf(failure)
    await deliver(
      reportText(reporter, (program, fileName) => failedReportJson(program(file), json, fileName)),
      output,
    )
  } else if (output !== undefined) writeReport(output, failedText(failure, styleFor({}, false)))
  return exitCode.failed
}

async function deliver(text: string, output: string | undefined): Promise<void> {
  if (output === undefined) await print(text)
  else writeReport(output, text)
}

function peoplesText(
  ends: readonly WorkerEnd[],
  { flags, interruption }: Pick<ReportTarget, 'flags' | 'interruption'>,
  style: Style,
): string {
  const records = printableData(recordsOf(ends))
  const findings = mergeFindings(records)
  const parts = [
    outputText(ends, 'stdout', style),
    ...findings.map((finding) => findingText(finding, records, style)),
    ...mergeFailures(records, ({ failure }) => failure).map((failure) =>
      failureText(failure, records, style),
    ),
    remarksText(records, flags.notes === true, style),
    `${summaryTable(records, style)}\n${conclusion(records, findings, style, interruption)}`,
    flags.out === undefined ? '' : picturesText(flags.out, records),
  ]
  return parts.filter((part) => part !== '').join('\n')
}

function outputText(ends: readonly WorkerEnd[], stream: keyof Printed, style: Style): string {
  const outputs = ends.map(({ record, printed }) => ({ plan: record, text: printed[stream] }))
  return programOutputText(outputs, style)
}

/** `message`: `interrupted by SIGINT`. */
function interrupted(message: string): Failure {
  return { kind: 'interrupted', message, advice: 'Run it again to get the runs that are missing.' }
}

function failedText(failure: Failure | UsageError, style: Style): string {
  return failure instanceof UsageError
    ? usageText(failure, style)
    : loadFailureText(printableData(failure), style)
}

function errorOf(failure: Failure | UsageError): Omit<Failure, 'kind'> & Pick<ErrorJson, 'kind'> {
  if (!(failure instanceof UsageError)) return failure
  const { message, advice } = failure
  return { kind: 'usage', message, advice }
}

function failureOf(error: unknown): Failure | UsageError {
  if (error instanceof NotLoadedError) return error.failure
  if (error instanceof UsageError) return error
  throw error
}

/** The path of a run's last picture, and of the first wrong one. */
function picturesText(out: string, records: readonly RunRecord[]): string {
  const run = records.findLast(({ frames }) => frames > 0)
  if (run === undefined) return 'no picture was shown\n'
  const last = printable(join(out, runName(run), pictureName('frame', run.frames)))
  return `pictures of each run: ${last} and before\n${wrongPictureText(out, records)}`
}

function wrongPictureText(out: string, records: readonly RunRecord[]): string {
  const run = records.find(({ wrongFrames }) => wrongFrames > 0)
  if (run?.firstWrongFrame === undefined) return ''
  const { frames, wrongFrames, firstWrongFrame } = run
  const path = printable(join(out, runName(run), pictureName('diff', firstWrongFrame)))
  return (
    `first wrong picture: ${path} (at least ${wrongFrames} of ${countText(frames, 'picture')} wrong; ` +
    'from left to right: shown, right, wrong pixels)\n'
  )
}

function recordsOf(ends: readonly WorkerEnd[]): RunRecord[] {
  return ends.map(({ record }) => record)
}
