/**
 * The result of a task, of which nobody need know yet. A task that fails before its promise is awaited
 * is no unhandled rejection: it may well be awaited later. Whether it ever was, `isObserved` tells.
 */
export class TaskResult<T> extends Promise<T> {
  /** What `then` makes of it are promises like any other. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise
  }

  #observed = false

  /** The result of `work`. */
  static from<T>(work: Promise<T>): TaskResult<T> {
    const result = new TaskResult<T>((resolve, reject) => {
      work.then(resolve, reject)
    })
    Promise.prototype.then.call(result, undefined, () => {})
    return result
  }

  /** Whether anybody awaits it, or did. */
  get isObserved(): boolean {
    return this.#observed
  }

  // biome-ignore lint/suspicious/noThenProperty: it is a promise; this is how `await` asks for it.
  override then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#observed = true
    return super.then(onFulfilled, onRejected)
  }
}
