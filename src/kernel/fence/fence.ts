/**
 * A fence: the promise that some work will be done, and its outcome (struct dma_fence).
 *
 * Signalling happens once. It fixes the timestamp and then runs the callbacks, first those that
 * wait, the newest first, as they sit at the head of the kernel's list, then the others in the
 * order in which they came. Source: drivers/dma-buf/dma-fence.c of Linux 6.12.
 */
import { assert } from '../../machine/kernel-error.ts'
import type { Scheduler } from '../../machine/scheduler.ts'

/** The operations of a fence's maker (struct dma_fence_ops). */
export interface FenceOps {
  readonly driverName: string
  readonly timelineName: string
  /** Called once, when signalling is first enabled. False: the fence is signalled already. */
  enableSignaling?(fence: Fence): boolean
  /** Asked while it is not signalled: whether the work is done. */
  signaled?(fence: Fence): boolean
}

/** Which fence: numbers of one context are in the order in which the fences will be signalled. */
export interface FenceInit {
  readonly context: number
  readonly seqno: number
  readonly ops: FenceOps
  /** Where timestamps come from. */
  readonly clock: Pick<Scheduler, 'now'>
}

/** Called in the middle of signalling; must not sleep. */
export type FenceCallback = (fence: Fence) => void

export class Fence {
  readonly context: number
  readonly seqno: number
  readonly ops: FenceOps
  readonly #clock: Pick<Scheduler, 'now'>
  readonly #waiters: FenceCallback[] = []
  readonly #callbacks = new Set<FenceCallback>()
  #enabled = false
  #signaledAt: number | undefined
  #error = 0

  constructor({ context, seqno, ops, clock }: FenceInit) {
    this.context = context
    this.seqno = seqno
    this.ops = ops
    this.#clock = clock
  }

  /** Whether it is signalled; asks the maker, and signals when the answer is yes. */
  get isSignaled(): boolean {
    if (this.#signaledAt !== undefined) return true
    if (this.ops.signaled?.(this) !== true) return false
    this.signal()
    return true
  }

  /** dma_fence_get_status: 0 while active, 1 when signalled, below zero its error after that. */
  get status(): number {
    if (!this.isSignaled) return 0
    return this.#error === 0 ? 1 : this.#error
  }

  /** When it was signalled, in nanoseconds of the clock; 0 before. */
  get timestamp(): number {
    return this.#signaledAt ?? 0
  }

  /** Whether its maker was asked to signal. */
  get isEnabled(): boolean {
    return this.#enabled
  }

  /** dma_fence_set_error: a negative errno, before it is signalled. */
  setError(error: number): void {
    assert(this.#signaledAt === undefined, 'a fence gets its error before it is signalled')
    assert(error < 0 && error >= -4095, `the error of a fence is a negative errno, not ${error}`)
    this.#error = error
  }

  /**
   * dma_fence_signal: returns false where it was signalled before (EINVAL there). `timestamp`: when it
   * happened, now unless given.
   */
  signal(timestamp: number = this.#clock.now): boolean {
    if (this.#signaledAt !== undefined) return false
    this.#signaledAt = timestamp
    const waiters = this.#waiters.splice(0)
    const callbacks = [...this.#callbacks]
    this.#callbacks.clear()
    for (const callback of [...waiters, ...callbacks]) callback(this)
    return true
  }

  /** dma_fence_enable_sw_signaling: from now on it signals without being asked. */
  enable(): void {
    if (this.#enabled || this.#signaledAt !== undefined) return
    this.#enabled = true
    if (this.ops.enableSignaling?.(this) === false) this.signal()
  }

  /**
   * dma_fence_add_callback: false where it is signalled already, and then `callback` is never called
   * (ENOENT there). A callback can be queued once.
   */
  addCallback(callback: FenceCallback): boolean {
    this.enable()
    if (this.#signaledAt !== undefined) return false
    assert(!this.#callbacks.has(callback), 'a callback is queued once')
    this.#callbacks.add(callback)
    return true
  }

  /** dma_fence_remove_callback: whether it was still queued. */
  removeCallback(callback: FenceCallback): boolean {
    return this.#callbacks.delete(callback)
  }

  /**
   * For a sleeping task, once signalling is enabled and while it is not signalled: `listener` is
   * called at the signal; returns a function that removes it.
   */
  listen(listener: () => void): () => void {
    const waiter = (): void => listener()
    assert(this.#enabled && this.#signaledAt === undefined, 'a waiter finds the fence enabled')
    this.#waiters.unshift(waiter)
    return () => {
      const index = this.#waiters.indexOf(waiter)
      if (index >= 0) this.#waiters.splice(index, 1)
    }
  }

  /** May sleep. dma_fence_wait: false where `signal` interrupted it. `what` names it to the stuck. */
  async wait(scheduler: Scheduler, what: string, signal?: AbortSignal): Promise<boolean> {
    this.enable()
    return await scheduler.until(this, () => this.isSignaled, [what], signal)
  }

  /** dma_fence_is_later: whether it comes after `other`, of the same context. Numbers wrap at 2^32. */
  isLaterThan(other: Fence): boolean {
    return this.context === other.context && ((this.seqno - other.seqno) | 0) > 0
  }

  /** dma_fence_describe, without the end of the line. */
  describe(): string {
    const { driverName, timelineName } = this.ops
    const not = this.#signaledAt === undefined ? 'un' : ''
    return `${driverName} ${timelineName} seq ${this.seqno} ${not}signalled`
  }
}
