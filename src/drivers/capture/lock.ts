import type { Scheduler } from '../../machine/scheduler.ts'
import { WaitQueue } from '../../machine/wait-queue.ts'
import { devicePath } from './context.ts'

/** The device's mutex (video_device.lock): one ioctl at a time, but for the wait of DQBUF. */
export class Lock {
  readonly #scheduler: Scheduler
  readonly #queue = new WaitQueue()
  #held = false

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler
  }

  /** May sleep. Returns whether the lock was taken; false: `signal` interrupted the wait. */
  async acquire(signal?: AbortSignal): Promise<boolean> {
    const free = (): boolean => !this.#held
    if (!(await this.#scheduler.until(this.#queue, free, [devicePath], signal))) return false
    this.#held = true
    return true
  }

  /** Lets the next one in. Does not sleep. */
  release(): void {
    this.#held = false
    this.#queue.wakeAll()
  }
}
