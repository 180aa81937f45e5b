/** All runs of a command, a few at a time. */
import { availableParallelism } from 'node:os'
import type { OwnBoard, WorkerTask } from './messages.ts'
import { runWorker, type WorkerEnd } from './run-worker.ts'

/** More threads than this want more memory than they save time. */
const MOST = 4

export interface RunsHost {
  readonly timeout: number
  /** The program is loaded for the first time; returns what there is to do on the boards it brings. */
  readonly onLoaded: (boards: readonly OwnBoard[]) => readonly WorkerTask[]
  readonly onFrame: (task: WorkerTask, index: number, png: Uint8Array) => void
  /** Called before a run begins. */
  readonly onStart: (task: WorkerTask) => void
  /** Called when a run is over, in whichever order they end. */
  readonly onEnd: (task: WorkerTask) => void
}

/** May sleep. The ends of all tasks, in their order. The first rejection ends the other runs. */
export async function runAll(first: readonly WorkerTask[], host: RunsHost): Promise<WorkerEnd[]> {
  const ends: WorkerEnd[] = []
  const stop = new AbortController()
  const tasks = [...first]
  // Walks over tasks that are added meanwhile as well: one is running whenever some are.
  const waiting = tasks.entries()
  let isLoaded = false
  const loaded = (boards: readonly OwnBoard[]): void => {
    if (!isLoaded) tasks.push(...host.onLoaded(boards))
    isLoaded = true
  }
  const lane = async (): Promise<void> => {
    for (const [index, task] of waiting) {
      host.onStart(task)
      ends[index] = await runWorker(task, {
        timeout: host.timeout,
        signal: stop.signal,
        onLoaded: loaded,
        onFrame: (picture, png) => host.onFrame(task, picture, png),
      })
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
