/** Listeners that want to hear when something may have changed (wait_queue_head). */
export class WaitQueue {
  readonly #listeners = new Set<() => void>()

  /** Calls every listener that is registered now. */
  wakeAll(): void {
    for (const listener of [...this.#listeners]) listener()
  }

  /** Registers `listener`; returns how to take it back. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }
}
