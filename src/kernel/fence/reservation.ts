/**
 * A reservation object (struct dma_resv): the lock of a buffer's placement and mappings, and the fences
 * of those who use the buffer.
 *
 * Tasks sleep on both. Who holds the lock is known, because half of the core's contract is about that:
 * some calls want it held by their caller, the others want it free of him.
 * Source: include/linux/dma-resv.h and drivers/dma-buf/dma-resv.c of Linux 6.12.
 */
import { assert } from '../../machine/kernel-error.ts'
import type { Scheduler } from '../../machine/scheduler.ts'
import type { Task } from '../../machine/task.ts'
import { WaitQueue } from '../../machine/wait-queue.ts'
import type { Fence } from './fence.ts'
import { FenceList, type FenceSlot } from './fence-list.ts'
import type { FenceUsage } from './usage.ts'

export class Reservation {
  /** Its name in texts about a wait. */
  readonly name: string
  readonly #scheduler: Scheduler
  #queue: WaitQueue | undefined
  #holder: Task | undefined
  /** Made with the first reservation: most buffers never have a fence. */
  #fences: FenceList | undefined

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

  /** The run is over: the holder will never unlock it. */
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

  /** Every fence that a query for `usage` gives, signalled ones too, in the order of the slots. */
  fences(usage: FenceUsage): readonly FenceSlot[] {
    return this.#fences?.query(usage) ?? []
  }

  /** dma_resv_get_fences: those that are not signalled. */
  activeFences(usage: FenceUsage): readonly Fence[] {
    return this.#fences?.active(usage) ?? []
  }

  /** dma_resv_test_signaled: whether nothing of `usage` is to be waited for. Does not sleep. */
  isSignaled(usage: FenceUsage): boolean {
    return this.#fences?.isSignaled(usage) ?? true
  }

  /** dma_resv_reserve_fences, with the lock held: room for `count` more. */
  reserveFences(count: number): void {
    assert(this.isLocked, 'fences are reserved under the lock')
    this.#fences ??= new FenceList()
    this.#fences.reserve(count)
  }

  /** dma_resv_add_fence, with the lock held and room reserved: never fails. */
  addFence(fence: Fence, usage: FenceUsage): void {
    assert(this.isLocked, 'fences are added under the lock')
    assert(this.#fences !== undefined, 'there is room for a fence: reserve it first')
    this.#fences.add(fence, usage)
  }

  /** dma_resv_replace_fences, with the lock held: every fence of `context` becomes `fence`. */
  replaceFences(context: number, fence: Fence, usage: FenceUsage): void {
    assert(this.isLocked, 'fences are replaced under the lock')
    this.#fences?.replace(context, fence, usage)
  }

  /**
   * May sleep. dma_resv_wait_timeout without a limit: until the fences that are there now are
   * signalled, one after the other. Returns false where `signal` interrupted it.
   */
  async waitForFences(usage: FenceUsage, signal?: AbortSignal): Promise<boolean> {
    const what = `fences under the ${this.name}`
    for (const fence of this.activeFences(usage)) {
      if (!(await fence.wait(this.#scheduler, what, signal))) return false
    }
    return true
  }

  /** dma_resv_describe: a line for each fence, those of `bookkeep` left out. */
  describeFences(): string[] {
    return this.fences('read').map(({ fence, usage }) => `${usage} fence:${fence.describe()}`)
  }
}
