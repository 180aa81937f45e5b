/** Runs of one program under several mechanisms, one after the other in a worker. */
import type { ComparedSetup } from '../../check/report/comparison.ts'
import { FreshWorker } from './fresh-worker.ts'
import type { OwnBoard, RunSetup } from './messages.ts'
import type { RunPlan } from './plan.ts'
import type { WorkerEnd, WorkerHost } from './program-worker.ts'

export interface CompareHost extends WorkerHost {
  readonly setups: readonly ComparedSetup[]
  /** The program has loaded: returns the runs to make with each setup. */
  readonly plan: (boards: readonly OwnBoard[]) => readonly RunPlan[]
  /** Called when a run is over. */
  readonly onEnd: (setup: ComparedSetup, end: WorkerEnd) => void
}

/** May sleep. Throws a NotLoadedError, and the reason of the host's signal. */
export async function compareRuns(setup: RunSetup, host: CompareHost): Promise<void> {
  const worker = await FreshWorker.load(setup, host)
  try {
    for (const plan of host.plan(worker.boards)) {
      for (const compared of host.setups) {
        const wishes = { trace: undefined, compared, onPicture: () => {} }
        host.onEnd(compared, await worker.run(plan, wishes))
      }
    }
  } finally {
    await worker.close()
  }
}
