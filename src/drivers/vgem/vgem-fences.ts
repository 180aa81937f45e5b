/**
 * Fences that programs make and signal, each known to one open file by a number.
 * Source: drivers/gpu/drm/vgem/vgem_fence.c of Linux 6.12.
 */
import type { Fence, FenceOps } from '../../kernel/fence/fence.ts'
import type { Fences } from '../../kernel/fence/fences.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import type { Machine } from '../../machine/machine.ts'

/** A fence signals itself after this time, so that a program cannot hang a driver. */
const TIMEOUT = 10_000_000_000

const OPS: FenceOps = { driverName: 'vgem', timelineName: 'unbound' }

export class VgemFences {
  readonly #machine: Machine
  readonly #fences: Fences
  /** Numbers are used once: a slot of the table stays taken when its fence is signalled. */
  readonly #byNumber: (Fence | undefined)[] = []
  readonly #timers = new WeakMap<Fence, () => void>()

  constructor(machine: Machine, fences: Fences) {
    this.#machine = machine
    this.#fences = fences
  }

  /** A fence in a new context; its 10 s have begun. ENOMEM. */
  create(): Fence {
    const { faults, scheduler } = this.#machine
    faults.pass('kmalloc')
    const fence = this.#fences.make(this.#fences.allocateContexts(), 1, OPS)
    const stop = scheduler.at(scheduler.now + TIMEOUT, () => fence.signal(), true)
    this.#timers.set(fence, stop)
    return fence
  }

  /** The number by which the program signals it, from 1 up. ENOMEM. */
  number(fence: Fence): number {
    this.#machine.faults.pass('idr_alloc')
    return this.#byNumber.push(fence)
  }

  /** Signals it now, whether or not it has a number. Nothing happens where it is signalled already. */
  end(fence: Fence): void {
    this.#timers.get(fence)?.()
    fence.signal()
  }

  /**
   * The program signals a fence. ENOENT for a number that is not in use, or not any more; ETIMEDOUT
   * where the fence was signalled already: its 10 s were over.
   */
  signal(number: number): void {
    const fence = this.#byNumber[number - 1]
    if (fence === undefined) {
      throw new KernelError('ENOENT', `there is no fence ${number}, or it was signalled already`)
    }
    this.#byNumber[number - 1] = undefined
    const late = fence.isSignaled
    this.end(fence)
    if (late) throw new KernelError('ETIMEDOUT', `the 10 s of fence ${number} were over`)
  }

  /** The file is closed: the remaining fences are signalled. */
  close(): void {
    for (const fence of this.#byNumber.splice(0)) if (fence !== undefined) this.end(fence)
  }
}
