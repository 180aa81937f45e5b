import type { Scheduler } from './scheduler.ts'
import { WaitQueue } from './wait-queue.ts'

/** A lock that tasks of the simulation sleep on (struct mutex). */
export class Mutex {
  readonly #scheduler: Scheduler
  /** The object of the wait, in words. */
  readonly #name: string
  readonly #queue = new WaitQueue()
  #held = false

  constructor(scheduler: Scheduler, name: string) {
    this.#scheduler = scheduler
    this.#name = name
  }

  /** May sleep. Returns whether the lock was taken; false: `signal` interrupted the wait. */
  async acquire(signal?: AbortSignal): Promise<boolean> {
    // Between being woken and going on, another task may have taken it.
    while (this.#held) {
      const free = (): boolean => !this.#held
      if (!(await this.#scheduler.until(this.#queue, free, [this.#name], signal))) return false
    }
    this.#held = true
    return true
  }

  /** Lets the next one in. Does not sleep. */
  release(): void {
    this.#held = false
    this.#queue.wakeAll()
  }

  /** May sleep. Runs `body` under the lock. */
  async run<T>(body: () => Promise<T>): Promise<T> {
    await this.acquire()
    try {
      return await body()
    } finally {
      this.release()
    }
  }
}
