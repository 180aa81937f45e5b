/** The report of `dmabuf explore`. */

import { failedReportJson, reportJson } from '../../check/report/json.ts'
import { mergeFailures, mergeFindings } from '../../check/report/merge.ts'
import { isAnswer } from '../../run/explore/explore-program.ts'
import { exitCode } from '../exit-code.ts'
import { isForPrograms, reportText, writeReport } from '../reporters.ts'
import type { Printed } from '../runs/output.ts'
import type { WorkerEnd } from '../runs/program-worker.ts'
import { overallVerdict, type RunRecord, reportOf } from '../runs/record.ts'
import { failureText } from '../terminal/failure-text.ts'
import { findingText } from '../terminal/finding-text.ts'
import { ordersConclusion, ordersText } from '../terminal/orders-text.ts'
import { print, printAside } from '../terminal/print.ts'
import { printableData } from '../terminal/printable.ts'
import { programOutputText } from '../terminal/program-output.ts'
import { type Style, styleFor } from '../terminal/style.ts'
import type { ReportTarget } from './report.ts'

/** The runs that showed something for the first time, and counts of all. */
export class OrdersSeen {
  /** The first run, and each run with a finding or a failure that no run before it had. */
  readonly shown: RunRecord[] = []
  /** Whether calls that fail are tried. */
  readonly withFailures: boolean
  runs = 0
  /** The first run: its output stands for that of all. */
  first: WorkerEnd | undefined
  readonly #counts = new Map<string, number>()

  constructor(withFailures: boolean) {
    this.withFailures = withFailures
  }

  add(end: WorkerEnd): void {
    const record = withoutAnswer(end.record)
    this.first ??= end
    this.runs++
    const keys = keysOf(record)
    const isNew = keys.some((key) => !this.#counts.has(key))
    for (const key of keys) this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
    if (isNew || this.shown.length === 0) this.shown.push(record)
  }

  /** How many of the runs have the finding or the failure. */
  countOf(key: string): number {
    return this.#counts.get(key) ?? 0
  }
}

/** A program that throws because a call failed has answered it. */
function withoutAnswer(record: RunRecord): RunRecord {
  const { failure, failures } = record
  return failure !== undefined && isAnswer(failure, failures)
    ? { ...record, failure: undefined }
    : record
}

function keysOf({ findings, failure }: RunRecord): string[] {
  const keys = findings.map(keyOfFinding)
  return [...new Set(failure === undefined ? keys : [...keys, failure.message])]
}

function keyOfFinding({
  rule,
  where,
  message,
}: Pick<RunRecord['findings'][number], 'rule' | 'where' | 'message'>): string {
  return `${rule} ${where ?? message}`
}

/** May sleep. `end`: whether all orders were tried, those within the limits, or why the search ended early. */
export async function reportOrders(
  seen: OrdersSeen,
  { file, flags, choice }: ReportTarget,
  end: string,
): Promise<number> {
  const { shown } = seen
  const text = (style: Style): string => peoplesText(seen, end, style)
  const { reporter, output } = choice
  await printAside(outputText(seen, 'stderr', styleFor(process.stderr, flags.color)))
  if (!isForPrograms(choice)) await print(text(styleFor(process.stdout, flags.color)))
  if (reporter === 'text') {
    if (output !== undefined) writeReport(output, text(styleFor({}, false)))
  } else {
    const isEarly = end !== 'complete' && end !== 'bounded'
    const reports = shown.map(reportOf)
    const made = reportText(reporter, (program, fileName) =>
      isEarly
        ? failedReportJson(program(file), { kind: 'interrupted', message: end }, fileName, reports)
        : reportJson(program(file), reports, fileName),
    )
    if (output === undefined) await print(made)
    else writeReport(output, made)
    await printAside(ordersConclusion(seen, end, styleFor(process.stderr, flags.color)))
  }
  return exitCode[overallVerdict(shown)]
}

function peoplesText(seen: OrdersSeen, end: string, style: Style): string {
  const records = printableData(seen.shown)
  const parts = [
    outputText(seen, 'stdout', style),
    ...mergeFindings(records).map((merged) => {
      const [first] = merged.seen
      const one = first === undefined ? [] : [first]
      const alone = { ...merged, seen: one, wrong: one.filter((run) => merged.wrong.includes(run)) }
      const text = findingText({ ...alone, hidden: [] }, one, style)
      return text + ordersText(seen.countOf(keyOfFinding(merged.finding)), seen.runs, style, first)
    }),
    ...mergeFailures(records, ({ failure }) => failure).map(
      (merged) =>
        failureText({ ...merged, seen: merged.seen.slice(0, 1) }, merged.seen.slice(0, 1), style) +
        ordersText(seen.countOf(merged.item.message), seen.runs, style, merged.seen[0], true),
    ),
    ordersConclusion(seen, end, style),
  ]
  return parts.filter((part) => part !== '').join('\n')
}

function outputText({ first }: OrdersSeen, stream: keyof Printed, style: Style): string {
  if (first === undefined) return ''
  return programOutputText([{ plan: first.record, text: first.printed[stream] }], style)
}
