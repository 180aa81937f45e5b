/** Runs of one program in many orders, one after the other in a worker. */
import { parseSchedule, scheduleText } from '../../machine/schedule.ts'
import { OrderSearch } from '../../run/explore/order-search.ts'
import { FreshWorker } from './fresh-worker.ts'
import type { OwnBoard, RunSetup } from './messages.ts'
import type { RunPlan } from './plan.ts'
import type { WorkerEnd, WorkerHost } from './program-worker.ts'

export interface OrdersHost extends WorkerHost {
  /** The most deviations of an order. */
  readonly bound: number
  /** The most orders. */
  readonly orders: number
  /** Whether calls that can fail are choices as well. */
  readonly failures: boolean
  /** The program has loaded: returns the board and the policy of all runs. Throws where there are several. */
  readonly plan: (boards: readonly OwnBoard[]) => RunPlan
  /** Called when a run is over. */
  readonly onEnd: (end: WorkerEnd, runs: number) => void
}

/** May sleep. Whether every order was tried. Throws a NotLoadedError, and the reason of the host's signal. */
export async function exploreOrders(setup: RunSetup, host: OrdersHost): Promise<boolean> {
  const search = new OrderSearch({ bound: host.bound, limit: host.orders })
  const worker = await FreshWorker.load(setup, host)
  try {
    const plan = host.plan(worker.boards)
    for (let prefix = search.next(); prefix !== undefined; prefix = search.next()) {
      const order = scheduleText({ timeless: true, failures: host.failures, made: prefix })
      const end = await worker.run(plan, { trace: undefined, order, onPicture: () => {} })
      const { schedule, failure } = end.record
      const isCut = schedule === undefined || failure?.kind === 'timeout'
      search.ran(isCut ? undefined : parseSchedule(schedule).made)
      host.onEnd(end, search.runs)
    }
  } finally {
    await worker.close()
  }
  return search.isComplete
}
