/** Runs tasks one after the other, in the order of the calls; a failed one does not stop the rest. */
export class Serial {
  #last: Promise<unknown> = Promise.resolve()
  #running = 0

  /** May sleep, until the tasks before are done; starts at once when there are none. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    const before = this.#running++ === 0 ? undefined : this.#last
    const mine = before === undefined ? task() : before.then(task, task)
    this.#last = mine
    try {
      return await mine
    } finally {
      this.#running--
    }
  }
}
