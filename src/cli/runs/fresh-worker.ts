/** A worker for one run after another: a new thread replaces one that is not as good as new. */
import type { OwnBoard, RunSetup } from './messages.ts'
import type { RunPlan } from './plan.ts'
import {
  NotLoadedError,
  ProgramWorker,
  type RunWishes,
  type WorkerEnd,
  type WorkerHost,
} from './program-worker.ts'

export class FreshWorker {
  readonly #setup: RunSetup
  readonly #host: WorkerHost
  #worker: ProgramWorker

  private constructor(setup: RunSetup, host: WorkerHost, worker: ProgramWorker) {
    this.#setup = setup
    this.#host = host
    this.#worker = worker
  }

  /** May sleep, until the program has loaded. Throws a NotLoadedError, and the reason of the host's signal. */
  static async load(setup: RunSetup, host: WorkerHost): Promise<FreshWorker> {
    return new FreshWorker(setup, host, await loaded(setup, host))
  }

  /** The boards that the program's file brings along. */
  get boards(): readonly OwnBoard[] {
    return this.#worker.boards
  }

  /** May sleep. One run. Throws as `load`. */
  async run(plan: RunPlan, wishes: RunWishes): Promise<WorkerEnd> {
    if (!this.#worker.isReusable) {
      await this.#worker.close()
      this.#worker = await loaded(this.#setup, this.#host)
    }
    return await this.#worker.run(plan, wishes)
  }

  /** May sleep, until the thread is gone. */
  async close(): Promise<void> {
    await this.#worker.close()
  }
}

async function loaded(setup: RunSetup, host: WorkerHost): Promise<ProgramWorker> {
  const worker = new ProgramWorker(setup, host)
  const failure = await worker.loaded()
  if (failure === undefined) return worker
  const printed = worker.takePrinted()
  await worker.close()
  throw new NotLoadedError(failure, printed)
}
