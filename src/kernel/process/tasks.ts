import { ObservedPromise } from '../../base/observed-promise.ts'
import type { Scheduler } from '../../machine/scheduler.ts'

/** A task that failed, and whose result was not requested. */
export interface LostFailure {
  readonly task: string
  readonly cause: unknown
}

/** The tasks that a program spawned. */
export class Tasks {
  readonly #scheduler: Scheduler
  readonly #failed: { task: string; cause: unknown; result: ObservedPromise<unknown> }[] = []

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler
  }

  /** May sleep. Runs `body` as a task named `task`; a failure waits until its result is awaited. */
  spawn<T>(task: string, body: () => Promise<T>): Promise<T> {
    const work = this.#scheduler.spawn(task, body)
    const result = ObservedPromise.from(work).tolerateRejection()
    work.catch((cause: unknown) => this.#failed.push({ task, cause, result }))
    return result
  }

  /** The failures so far that were not awaited. */
  get lostFailures(): LostFailure[] {
    return this.#failed
      .filter(({ result }) => !result.isObserved)
      .map(({ task, cause }) => ({ task, cause }))
  }
}
