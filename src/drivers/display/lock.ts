import type { Scheduler } from '../../machine/scheduler.ts'
import { WaitQueue } from '../../machine/wait-queue.ts'

/** A mutex among tasks of the simulation (struct mutex). */
export class Lock {
  readonly #scheduler: Scheduler
  readonly #name: string
  readonly #queue = new WaitQueue()
  #held = false

  constructor(scheduler: Scheduler, name: string) {
    this.#scheduler = scheduler
    this.#name = name
  }

  /** May sleep. Runs `body` while nobody else runs under this lock. */
  async run<T>(body: () => Promise<T>): Promise<T> {
    await this.#scheduler.until(this.#queue, () => !this.#held, [this.#name])
    this.#held = true
    try {
      return await body()
    } finally {
      this.#held = false
      this.#queue.wakeAll()
    }
  }
}
