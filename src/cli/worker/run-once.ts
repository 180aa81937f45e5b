/** One run of a loaded program, and this thread's report of it. */

import { setImmediate, setTimeout } from 'node:timers/promises'
import type { ComparedSetup } from '../../check/report/comparison.ts'
import type { LinuxKernel } from '../../linux/kernel.ts'
import { isAnswer } from '../../run/explore/explore-program.ts'
import type { RunResult, TraceTarget } from '../../run/run-program.ts'
import { messageOf } from '../../run/thrown.ts'
import type { LinuxFacts } from '../runs/linux.ts'
import type { ProgressCounters, TraceRequest, WorkerSetup } from '../runs/messages.ts'
import type { RunPlan } from '../runs/plan.ts'
import type { Failure, FailureKind, RunRecord } from '../runs/record.ts'
import { TraceFile } from '../trace-file.ts'
import type { Accidents } from './accidents.ts'
import type { CallWatch } from './call-watch.ts'
import { linuxProblem, runOnLinux } from './linux-run.ts'
import type { LoadedProgram } from './load-program.ts'
import { placeOfRun } from './own-boards.ts'
import { recordOf } from './record-of.ts'
import type { Send } from './setup.ts'
import { runSimulated } from './simulated-run.ts'

/** How long, in milliseconds, promises that the program left behind may still fail. */
const AFTERMATH = 20

export interface OneRun {
  readonly setup: Omit<WorkerSetup, 'port'>
  readonly plan: RunPlan
  readonly trace: TraceRequest | undefined
  /** The choices that it begins with, as a schedule. */
  readonly order: string | undefined
  /** The mechanism whose heap takes the place of the system heap, and when imports are mapped. */
  readonly compared: ComparedSetup | undefined
  readonly calls: CallWatch
  readonly progress: ProgressCounters
  readonly send: Send
  readonly accidents: Accidents
  /** The kernel of this machine, for a run on it. */
  readonly kernel: LinuxKernel | undefined
}

interface Ended {
  readonly record: RunRecord
  /**
   * Nothing of the run goes on: it ended by itself, without an error or with the answer to a failure that it was
   * made to meet.
   */
  readonly isOver: boolean
}

/** May sleep. Reports the run's record; undefined where there was nothing to run on. */
export async function runOnce(loaded: LoadedProgram, run: OneRun): Promise<Ended | undefined> {
  const { plan, send, accidents, kernel } = run
  const ran = await (kernel === undefined ? simulated(loaded, run) : onLinux(loaded, kernel, run))
  if ('failure' in ran) {
    send({ kind: 'not-loaded', failure: ran.failure })
    return undefined
  }
  const { result, linux, unrecorded } = ran
  const own = recordOf(plan, result, accidents.first)
  const record = { ...own, failure: own.failure ?? unrecorded, linux }
  send({ kind: 'record', record })
  if (result.error !== undefined) {
    const isAnswered = isAnswer(result.error, result.failures) && accidents.first === undefined
    return { record, isOver: isAnswered && result.error.unwound === true }
  }
  let late: Failure | undefined
  accidents.returned((failure) => {
    late = failure
    send({ kind: 'late', failure })
  })
  await setImmediate()
  // An exploration makes many runs: a promise that fails late fails the next one.
  if (run.order === undefined) await setTimeout(AFTERMATH)
  const failure = record.failure ?? late
  return { record: { ...record, failure }, isOver: failure === undefined }
}

type Ran =
  | {
      readonly result: RunResult
      readonly linux?: LinuxFacts
      /** The run is whole, and its record is not. */
      readonly unrecorded?: Failure
    }
  | { readonly failure: Failure }

async function simulated(loaded: LoadedProgram, run: OneRun): Promise<Ran> {
  const place = placeOfRun(run.plan, loaded.boards)
  if ('failure' in place) return place
  return await traced(run.trace, async (trace) => ({
    result: await runSimulated(loaded, run, { ...place, trace }),
  }))
}

async function onLinux(
  loaded: LoadedProgram,
  kernel: LinuxKernel,
  { trace: request, calls, accidents }: OneRun,
): Promise<Ran> {
  const failure = linuxProblem(loaded)
  if (failure !== undefined) return { failure }
  return await traced(request, (trace) =>
    runOnLinux(loaded, kernel, {
      trace,
      signal: accidents.signal,
      onEvent: (event) => calls.observe(event),
    }),
  )
}

/** May sleep. Runs `body` with a file for the record, if one is wanted. */
async function traced(
  request: TraceRequest | undefined,
  body: (trace: TraceTarget | undefined) => Promise<Ran>,
): Promise<Ran> {
  if (request === undefined) return await body(undefined)
  const { program, file } = request
  const trace = attempted(file, 'not-loaded', () => new TraceFile(file))
  if ('failure' in trace) return trace
  const ran = await body({ program, write: trace.done.write })
  const closed = attempted(file, 'not-recorded', () => trace.done.close())
  return 'failure' in closed && 'result' in ran ? { ...ran, unrecorded: closed.failure } : ran
}

/** An error of the file system as the failure to write `file`. */
function attempted<T>(
  file: string,
  kind: FailureKind,
  attempt: () => T,
): { readonly done: T } | { readonly failure: Failure } {
  try {
    return { done: attempt() }
  } catch (error) {
    const message = `cannot write to ${file}: ${messageOf(error)}`
    return { failure: { kind, message, advice: 'Choose another file with --trace.' } }
  }
}
