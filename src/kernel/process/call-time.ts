import type { Machine } from '../../machine/machine.ts'
import type { Task } from '../../machine/task.ts'

/**
 * The virtual time of system calls. A call that may not sleep cannot let time pass: its cost is
 * owed, and the next call that may sleep pays for it. So are loads past the cache.
 */
export class CallTime {
  readonly #machine: Machine
  #debt = 0
  /** The paid part of the time that loads past the cache took. */
  #paidLoads = 0
  /** When a task's calls so far are through: a later call of the same task does not overtake them. */
  readonly #busyUntil = new WeakMap<Task, number>()

  constructor(machine: Machine) {
    this.#machine = machine
  }

  /** A call was made that may not sleep. */
  owe(): void {
    this.#debt += this.#machine.board.cost.syscall
  }

  /**
   * May sleep: pays for the call itself and for the calls before it, while other tasks and devices
   * work. `touches` are the objects of the call.
   */
  async pass(touches: readonly string[]): Promise<void> {
    const { scheduler, board, loadTime } = this.#machine
    const time = board.cost.syscall + this.#debt + loadTime - this.#paidLoads
    this.#debt = 0
    this.#paidLoads = loadTime
    const task = scheduler.current
    const end = Math.max(scheduler.now + time, this.#busyUntil.get(task) ?? 0)
    this.#busyUntil.set(task, end)
    await scheduler.park(touches, (wake) => scheduler.at(end, wake, true))
  }

  /** May sleep as `body` does. The cache maintenance and the copies that happen meanwhile are owed. */
  async oweMaintenance<T>(body: () => Promise<T>): Promise<T> {
    const before = this.#maintenance
    try {
      return await body()
    } finally {
      this.#debt += this.#maintenance - before
    }
  }

  /** Virtual time that cache maintenance and bounce copies on this board took since power-on. */
  get #maintenance(): number {
    const { board, cost } = this.#machine
    const { cleanLine, invalidateLine, cpuByte } = board.cost
    const lines = (cost.cleaned * cleanLine + cost.invalidated * invalidateLine) / board.lineSize
    return lines + cost.bounced * cpuByte
  }
}
