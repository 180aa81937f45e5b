/** The report of `dmabuf compare`. */
import {
  type ComparedSetup,
  type ComparisonJson,
  type ComparisonRow,
  comparisonRow,
} from '../../check/report/comparison.ts'
import { writeReport } from '../reporters.ts'
import type { Printed } from '../runs/output.ts'
import type { WorkerEnd } from '../runs/program-worker.ts'
import { reportOf } from '../runs/record.ts'
import { comparisonText } from '../terminal/comparison-text.ts'
import { print, printAside } from '../terminal/print.ts'
import { printableData } from '../terminal/printable.ts'
import { programOutputText } from '../terminal/program-output.ts'
import { type Style, styleFor } from '../terminal/style.ts'
import type { ReportTarget } from './report.ts'

/** The rows so far, and the output of the first run: it stands for that of all. */
export class ComparedRuns {
  readonly rows: ComparisonRow[] = []
  #first: WorkerEnd | undefined

  add(setup: ComparedSetup, end: WorkerEnd): void {
    this.#first ??= end
    this.rows.push(comparisonRow(setup, reportOf(end.record)))
  }

  /** Whether the program came to its end in no run. */
  get allFailed(): boolean {
    return this.rows.every(({ verdict }) => verdict === 'failed')
  }

  output(stream: keyof Printed, style: Style): string {
    if (this.#first === undefined) return ''
    const { record, printed } = this.#first
    return programOutputText([{ plan: record, text: printed[stream] }], style)
  }
}

/** May sleep. Throws a UsageError where the file cannot be written. */
export async function reportComparison(runs: ComparedRuns, target: ReportTarget): Promise<void> {
  const { flags, choice, interruption } = target
  const { reporter, output } = choice
  const errors = styleFor(process.stderr, flags.color)
  const isJson = reporter === 'json'
  const text = (style: Style): string => (isJson ? jsonOf(runs, target) : textOf(runs, style))
  if (isJson) await printAside(runs.output('stdout', errors))
  await printAside(runs.output('stderr', errors))
  if (output !== undefined) writeReport(output, text(styleFor({}, false)))
  if (output === undefined || !isJson) await print(text(styleFor(process.stdout, flags.color)))
  if (interruption === undefined) return
  await printAside(`${errors.colors.red(interruption)}: runs are missing\n`)
}

function textOf(runs: ComparedRuns, style: Style): string {
  const parts = [runs.output('stdout', style), comparisonText(printableData(runs.rows), style)]
  return parts.filter((part) => part !== '').join('\n')
}

function jsonOf({ rows }: ComparedRuns, { file, interruption }: ReportTarget): string {
  const json: ComparisonJson = {
    ...{ version: 1, program: file, rows },
    ...(interruption === undefined ? {} : { error: interruption }),
  }
  return `${JSON.stringify(json, undefined, 2)}\n`
}
