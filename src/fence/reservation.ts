/**
 * A reservation object (struct dma_resv): the lock of a buffer's placement and mappings.
 *
 * Tasks sleep on it. Who holds it is known, because half of the core's contract is about that: some
 * calls want it held by their caller, the others want it free of him. The fences that it will hold are
 * not here yet. Source: include/linux/dma-resv.h of Linux 6.12.
 */
import type { Scheduler, Task } from '../machine/scheduler.ts'
import { WaitQueue } from '../machine/wait-queue.ts'

export class Reservation {
  /** As somebody who waits for it names it. */
  readonly name: string
  readonly #scheduler: Scheduler
  #queue: WaitQueue | undefined
  #holder: Task | undefined

  constructor(scheduler: Scheduler, name: string) {
    this.#scheduler = scheduler
    this.name = name
  }

  get isLocked(): boolean {
    return this.#holder !== undefined
  }

  /** Whether the task whose turn it is has it (lockdep_is_held). */
  get isHeldByCaller(): boolean {
    return this.#holder !== undefined && this.#holder === this.#scheduler.current
  }

  /**
   * May sleep: dma_resv_lock without an acquire context. Returns false when `signal` interrupted the
   * wait. A task that has it already waits for ever, as in the kernel.
   */
  async lock(signal?: AbortSignal): Promise<boolean> {
    while (!this.tryLock()) {
      this.#queue ??= new WaitQueue()
      const free = (): boolean => !this.isLocked
      if (!(await this.#scheduler.until(this.#queue, free, [this.name], signal))) return false
    }
    return true
  }

  /** dma_resv_trylock. Does not sleep. */
  tryLock(): boolean {
    if (this.#holder !== undefined) return false
    this.#holder = this.#scheduler.current
    return true
  }

  /** dma_resv_unlock: lets the next one in. Does not sleep. */
  unlock(): void {
    this.#holder = undefined
    this.#queue?.wakeAll()
  }

  /** The run is over: who still has it will never go on to give it back. */
  abandon(): void {
    this.#holder = undefined
  }

  /** May sleep. Runs `body` with the lock held. */
  async run<T>(body: () => Promise<T> | T): Promise<T> {
    if (!this.tryLock()) await this.lock()
    try {
      return await body()
    } finally {
      this.unlock()
    }
  }

  /**
   * Runs the synchronous `body` with the lock held: now where it is free, which returns undefined, else
   * as soon as it is.
   */
  runSoon(body: () => void): Promise<void> | undefined {
    if (!this.tryLock()) return this.run(body)
    try {
      body()
    } finally {
      this.unlock()
    }
    return undefined
  }
}
