/** Runs of one program under several mechanisms, one after the other in a worker. */
import type { OwnBoard, RunSetup } from './messages.ts'
import type { RunPlan } from './plan.ts'
import { loadedWorker, type WorkerEnd, type WorkerHost } from './program-worker.ts'

export interface CompareHost extends WorkerHost {
  readonly mechanisms: readonly string[]
  /** The program has loaded: returns the runs to make under each mechanism. */
  readonly plan: (boards: readonly OwnBoard[]) => readonly RunPlan[]
  /** Called when a run is over. */
  readonly onEnd: (mechanism: string, end: WorkerEnd) => void
}

/** May sleep. Throws a NotLoadedError, and the reason of the host's signal. */
export async function compareRuns(setup: RunSetup, host: CompareHost): Promise<void> {
  let worker = await loadedWorker(setup, host)
  try {
    for (const plan of host.plan(worker.boards)) {
      for (const mechanism of host.mechanisms) {
        if (!worker.isReusable) {
          await worker.close()
          worker = await loadedWorker(setup, host)
        }
        const wishes = { trace: undefined, mechanism, onPicture: () => {} }
        host.onEnd(mechanism, await worker.run(plan, wishes))
      }
    }
  } finally {
    await worker.close()
  }
}
