/**
 * A fence that stands for several: signalled when all of them are.
 * Source: drivers/dma-buf/dma-fence-array.c of Linux 6.12.
 */
import { assert } from '../../machine/kernel-error.ts'
import { Fence, type FenceInit } from './fence.ts'

export class FenceArray extends Fence {
  readonly members: readonly Fence[]

  /** `members` are not containers. */
  constructor(where: Omit<FenceInit, 'ops'>, members: readonly Fence[]) {
    assert(members.length > 0, 'a fence array has members')
    assert(!members.some(isFenceArray), 'a fence array holds no other one')
    super({ ...where, ops: new ArrayOps(members) })
    this.members = members
  }
}

class ArrayOps {
  readonly driverName = 'dma_fence_array'
  readonly timelineName = 'unbound'
  readonly #members: readonly Fence[]
  #pending: number
  #failed = false

  constructor(members: readonly Fence[]) {
    this.#members = members
    this.#pending = members.length
  }

  enableSignaling(array: Fence): boolean {
    for (const member of this.#members) {
      const done = (): void => {
        this.#countDown(array, member)
        if (this.#pending === 0) array.signal()
      }
      if (!member.addCallback(done)) this.#countDown(array, member)
    }
    return this.#pending > 0
  }

  /** Until signalling is enabled the members are asked, all of them; their errors are not looked at. */
  signaled(array: Fence): boolean {
    if (array.isEnabled) return this.#pending === 0
    const done = this.#members.filter((member) => member.isSignaled)
    return done.length === this.#members.length
  }

  /** The first error of a member becomes the array's. */
  #countDown(array: Fence, { status }: Fence): void {
    if (status < 0 && !this.#failed) {
      this.#failed = true
      array.setError(status)
    }
    this.#pending--
  }
}

/** dma_fence_is_array. */
export function isFenceArray(fence: Fence): fence is FenceArray {
  return fence instanceof FenceArray
}

/**
 * dma_fence_unwrap_for_each: the fences that `fence` stands for, itself if it is not a container.
 */
export function leavesOf(fence: Fence): readonly Fence[] {
  return isFenceArray(fence) ? fence.members : [fence]
}
