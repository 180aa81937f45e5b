/** A worker: one program, one run, in a thread that can be ended from outside. */
import { setImmediate, setTimeout } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import type { RunResult } from '../../run/run-program.ts'
import type { LinuxFacts, LinuxRequest } from '../runs/linux.ts'
import type { WorkerMessage, WorkerTask } from '../runs/messages.ts'
import type { Failure } from '../runs/record.ts'
import { Accidents } from './accidents.ts'
import { linuxProblem, openKernel, runOnLinux } from './linux-run.ts'
import { type LoadedProgram, loadProgram } from './load-program.ts'
import { named, placeOfRun } from './own-boards.ts'
import { recordOf } from './record-of.ts'
import { runSimulated } from './simulated-run.ts'

/** How long, in milliseconds, promises that the program left behind may still fail. */
const AFTERMATH = 20

await work(workerData as WorkerTask)
tell({ kind: 'done' })

async function work(task: WorkerTask): Promise<void> {
  const accidents = new Accidents()
  const loaded = await loadProgram(task.file)
  if ('failure' in loaded) return tell({ kind: 'not-loaded', failure: loaded.failure })
  const run = await (task.linux === undefined
    ? simulated(loaded, task, accidents.signal)
    : onLinux(loaded, task.linux, accidents.signal))
  if ('failure' in run) return tell({ kind: 'not-loaded', failure: run.failure })
  const { result, linux } = run
  tell({ kind: 'record', record: { ...recordOf(task.plan, result, accidents.first), linux } })
  if (result.error !== undefined) return
  accidents.returned((failure) => tell({ kind: 'late', failure }))
  await setImmediate()
  await setTimeout(AFTERMATH)
}

type Run =
  | { readonly result: RunResult; readonly linux?: LinuxFacts }
  | { readonly failure: Failure }

async function simulated(
  loaded: LoadedProgram,
  task: WorkerTask,
  signal: AbortSignal,
): Promise<Run> {
  const place = placeOfRun(task.plan, loaded.boards)
  if ('failure' in place) return place
  tell({ kind: 'loaded', boards: loaded.boards.map(named) })
  return { result: await runSimulated(loaded, task, place, { signal, tell }) }
}

async function onLinux(
  loaded: LoadedProgram,
  request: LinuxRequest,
  signal: AbortSignal,
): Promise<Run> {
  const failure = linuxProblem(loaded)
  if (failure !== undefined) return { failure }
  const opened = await openKernel(request)
  if ('failure' in opened) return opened
  tell({ kind: 'loaded', boards: [] })
  return await runOnLinux(loaded, opened.kernel, signal)
}

function tell(message: WorkerMessage, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer)
}
