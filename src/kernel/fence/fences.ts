/**
 * The shared state of all fences of a kernel: the numbers of contexts, and fences of fences.
 * Source: drivers/dma-buf/dma-fence.c and dma-fence-unwrap.c of Linux 6.12.
 */
import type { Scheduler } from '../../machine/scheduler.ts'
import { Fence, type FenceOps } from './fence.ts'
import { FenceArray, leavesOf } from './fence-array.ts'

const STUB: FenceOps = { driverName: 'stub', timelineName: 'stub' }

export class Fences {
  #stub: Fence | undefined
  readonly #clock: Pick<Scheduler, 'now'>
  /** 0 is the stub's. */
  #contexts = 1

  constructor(clock: Pick<Scheduler, 'now'>) {
    this.#clock = clock
  }

  /** The one fence that was always signalled, made when it is first asked for (dma_fence_get_stub). */
  get stub(): Fence {
    this.#stub ??= this.signaledAt(this.#clock.now)
    return this.#stub
  }

  /** dma_fence_context_alloc: the first of `count` new contexts. */
  allocateContexts(count = 1): number {
    const first = this.#contexts
    this.#contexts += count
    return first
  }

  /** dma_fence_init, in a context that was allocated. */
  make(context: number, seqno: number, ops: FenceOps): Fence {
    return new Fence({ context, seqno, ops, clock: this.#clock })
  }

  /** dma_fence_allocate_private_stub: signalled at `timestamp`. */
  signaledAt(timestamp: number): Fence {
    const fence = this.make(0, 0, STUB)
    fence.enable()
    fence.signal(timestamp)
    return fence
  }

  /** dma_fence_array_create with a new context and the number 1: signalled when all are. */
  all(members: readonly Fence[]): FenceArray {
    return new FenceArray(
      { context: this.allocateContexts(), seqno: 1, clock: this.#clock },
      members,
    )
  }

  /** As dma_resv_get_singleton and EXPORT_SYNC_FILE: one fence for any count of them. */
  singleton(fences: readonly Fence[]): Fence {
    const [first] = fences
    if (first === undefined) return this.stub
    return fences.length === 1 ? first : this.all(fences)
  }

  /**
   * dma_fence_unwrap_merge: the newest fence of each context that is not signalled, by context. Where
   * all are signalled, one that was signalled when the last of them was.
   */
  merge(fences: readonly Fence[]): Fence {
    const leaves = fences.flatMap(leavesOf)
    const active = leaves.filter((leaf) => !leaf.isSignaled)
    if (active.length === 0) {
      return this.signaledAt(leaves.reduce((last, leaf) => Math.max(last, leaf.timestamp), 0))
    }
    return this.singleton(newestOfEach(active))
  }
}

function newestOfEach(fences: readonly Fence[]): Fence[] {
  const newest = new Map<number, Fence>()
  for (const fence of fences) {
    const other = newest.get(fence.context)
    if (other === undefined || fence.isLaterThan(other)) newest.set(fence.context, fence)
  }
  return [...newest.values()].sort((a, b) => a.context - b.context)
}
