/**
 * The fences of a reservation object, in slots.
 * Source: drivers/dma-buf/dma-resv.c of Linux 6.12.
 */
import { assert } from '../../machine/kernel-error.ts'
import type { Fence } from './fence.ts'
import { isFenceArray } from './fence-array.ts'
import { covers, type FenceUsage } from './usage.ts'

export interface FenceSlot {
  readonly fence: Fence
  readonly usage: FenceUsage
}

/** Bytes before the slots of a struct dma_resv_list, and of one slot, on 64-bit kernels. */
const HEAD = 24
const SLOT = 8
/** The sizes that kmalloc rounds up to (kmalloc_size_roundup); beyond, powers of two. */
const SIZES = [8, 16, 32, 64, 96, 128, 192]

export class FenceList {
  #slots: FenceSlot[] = []
  /** How many slots there are, used or not. */
  #room = 0

  /** Every fence, signalled ones too, in the order of the slots: dma_resv_for_each_fence. */
  query(asked: FenceUsage): FenceSlot[] {
    return this.#slots.filter(({ usage }) => covers(asked, usage))
  }

  /** The fences that are not signalled: dma_resv_get_fences. */
  active(asked: FenceUsage): Fence[] {
    return this.query(asked)
      .map(({ fence }) => fence)
      .filter((fence) => !fence.isSignaled)
  }

  /** dma_resv_test_signaled: whether a query for `asked` finds none that is not signalled. */
  isSignaled(asked: FenceUsage): boolean {
    return this.#slots.every(({ fence, usage }) => !covers(asked, usage) || fence.isSignaled)
  }

  /** dma_resv_reserve_fences: room for `count` more. Growing drops signalled fences. */
  reserve(count: number): void {
    assert(count > 0, 'at least one fence is reserved')
    const used = this.#slots.length
    if (used + count <= this.#room) return
    const wanted =
      this.#room === 0
        ? Math.max(4, 2 ** Math.ceil(Math.log2(count)))
        : Math.max(used + count, this.#room * 2)
    this.#room = roomOf(wanted)
    this.#slots = this.#slots.filter(({ fence }) => !fence.isSignaled)
  }

  /**
   * dma_resv_add_fence, into room that was reserved: in the place of the first fence that is signalled
   * or that it makes superfluous, an earlier one of its context that binds no more than it does.
   */
  add(fence: Fence, usage: FenceUsage): void {
    assert(!isFenceArray(fence), 'a reservation object holds no containers: add their fences')
    const slot = { fence, usage }
    const index = this.#slots.findIndex((old) => isReplaceable(old, slot))
    if (index >= 0) {
      this.#slots[index] = slot
      return
    }
    assert(this.#slots.length < this.#room, 'there is room for a fence: reserve it first')
    this.#slots.push(slot)
  }

  /** dma_resv_replace_fences: every fence of `context` becomes `fence`. */
  replace(context: number, fence: Fence, usage: FenceUsage): void {
    this.#slots = this.#slots.map((slot) =>
      slot.fence.context === context ? { fence, usage } : slot,
    )
  }
}

function isReplaceable({ fence: old, usage }: FenceSlot, next: FenceSlot): boolean {
  const later = next.fence === old || next.fence.isLaterThan(old)
  const isSuperfluous = later && covers(usage, next.usage)
  return isSuperfluous || old.isSignaled
}

/** How many slots an allocation for `count` really has. */
function roomOf(count: number): number {
  const needed = HEAD + SLOT * count
  const size = SIZES.find((bucket) => bucket >= needed) ?? 2 ** Math.ceil(Math.log2(needed))
  return Math.floor((size - HEAD) / SLOT)
}
