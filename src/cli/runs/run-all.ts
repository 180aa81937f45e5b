/** All runs of a command, a few at a time. */
import { availableParallelism } from 'node:os'
import type { WorkerTask } from './messages.ts'
import { runWorker, type WorkerEnd, type WorkerHost } from './run-worker.ts'

/** More threads than this want more memory than they save time. */
const MOST = 4

export interface RunsHost {
  readonly timeout: number
  readonly onFrame: (task: WorkerTask, index: number, png: Uint8Array) => void
  /** Called before a run begins. */
  readonly onStart: (task: WorkerTask) => void
  /** Called when a run is over, in whichever order they end. */
  readonly onEnd: (task: WorkerTask) => void
}

/** May sleep. The ends of all `tasks`, in their order. The first rejection ends the other runs. */
export async function runAll(tasks: readonly WorkerTask[], host: RunsHost): Promise<WorkerEnd[]> {
  const ends: WorkerEnd[] = []
  const stop = new AbortController()
  const waiting = tasks.entries()
  const lane = async (): Promise<void> => {
    for (const [index, task] of waiting) {
      host.onStart(task)
      ends[index] = await runWorker(task, workerHost(task, host, stop.signal))
      host.onEnd(task)
    }
  }
  const count = Math.min(MOST, Math.max(2, availableParallelism()), tasks.length)
  const lanes = Array.from({ length: count }, lane)
  try {
    await Promise.all(lanes)
  } catch (error) {
    stop.abort(error)
    await Promise.allSettled(lanes)
    throw error
  }
  return ends
}

function workerHost(task: WorkerTask, host: RunsHost, signal: AbortSignal): WorkerHost {
  const { timeout } = host
  return { timeout, signal, onFrame: (index, png) => host.onFrame(task, index, png) }
}
