/** `dmabuf check`: judges a recorded run. */
import type { RunReport } from '../../check/report/run-report.ts'
import { type CheckedTrace, checkTrace } from '../../check/trace/check-trace.ts'
import { TraceError } from '../../check/trace/reader.ts'
import type { Cost } from '../../machine/cost.ts'
import { messageOf } from '../../run/thrown.ts'
import { type ReportFlags, reportChoice } from '../reporters.ts'
import type { LinuxFacts } from '../runs/linux.ts'
import type { RunRecord } from '../runs/record.ts'
import { traceLines } from '../trace-file.ts'
import { UsageError } from '../usage-error.ts'
import { reportRuns } from './report.ts'

export interface CheckFlags extends ReportFlags {
  readonly as?: string
  readonly notes?: boolean
  readonly color: boolean
}

/** May sleep. Reports the run in `file` (`-`: stdin) and returns the exit code. Throws a UsageError. */
export async function check(file: string, flags: CheckFlags): Promise<number> {
  const choice = reportChoice(flags)
  const { report, program } = await checked(file)
  requireBoard(report, flags.as)
  const record = recordOf(report)
  const end = { plan: record, record, printed: { stdout: '', stderr: '' } }
  return await reportRuns([end], { file: program, flags, choice })
}

async function checked(file: string): Promise<CheckedTrace> {
  const name = file === '-' ? 'stdin' : file
  try {
    return await checkTrace(traceLines(file))
  } catch (error) {
    if (error instanceof TraceError) {
      throw new UsageError(
        `${name}: ${error.message}`,
        'Record a run with `dmabuf run --trace FILE`.',
      )
    }
    // The file system's and zlib's errors have a code; any other error is a defect of this package.
    if (!isSystemError(error)) throw error
    throw new UsageError(`cannot read ${name}: ${messageOf(error)}`)
  }
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'code' in error
}

/** The possible states of another board's caches are not in the record: its verdict would be a guess. */
function requireBoard({ board, judgedAs }: RunReport, wanted: string | undefined): void {
  if (wanted === undefined || wanted === judgedAs) return
  throw new UsageError(
    `the record holds the possible cache states of ${judgedAs}, and not those of ${wanted}`,
    `Run the program again: \`dmabuf run FILE --board ${board} --as ${wanted} --trace FILE\`.`,
  )
}

function recordOf({ error, kernel, ...report }: RunReport): RunRecord {
  return {
    ...report,
    policy: report.policy as RunRecord['policy'],
    cost: report.cost as unknown as Cost,
    failure: error,
    linux: kernel as LinuxFacts | undefined,
  }
}
