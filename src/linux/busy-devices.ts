import type { FileOf } from '../syscalls/descriptor-uses.ts'

/**
 * Devices on which this process has a long request under way on another thread: their drivers hold a
 * lock for its time, on which a request in place would stop the event loop.
 */
export class BusyDevices {
  readonly #underWay = new Map<string, Set<Promise<unknown>>>()
  readonly #fileOf: FileOf

  constructor(fileOf: FileOf) {
    this.#fileOf = fileOf
  }

  /** Notes that `work` is under way on the device of `fd`, until it is settled. */
  note(fd: number, work: Promise<unknown>): void {
    const key = this.#fileOf(fd)
    if (key === undefined) return
    const works = this.#underWay.get(key) ?? new Set()
    this.#underWay.set(key, works.add(work))
    const over = (): void => {
      works.delete(work)
      if (works.size === 0 && this.#underWay.get(key) === works) this.#underWay.delete(key)
    }
    work.then(over, over)
  }

  /** Whether the device of `fd` is busy. Costs nothing while no device is. */
  has(fd: number): boolean {
    return this.#of(fd) !== undefined
  }

  /** May sleep, until every call that is now in progress on the device of `fd` has returned. */
  async idle(fd: number): Promise<void> {
    await Promise.allSettled(this.#of(fd) ?? [])
  }

  #of(fd: number): ReadonlySet<Promise<unknown>> | undefined {
    if (this.#underWay.size === 0) return undefined
    const key = this.#fileOf(fd)
    return key === undefined ? undefined : this.#underWay.get(key)
  }
}
