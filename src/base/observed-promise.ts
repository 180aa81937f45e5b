/** A promise that records whether its result was ever asked for. */
export class ObservedPromise<T> extends Promise<T> {
  /** The promises that `then` makes are ordinary ones. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise
  }

  #observed = false
  #onObserved: (() => void) | undefined

  /** The result of `work`; `onObserved` is called once, when it is first awaited. */
  static from<T>(work: Promise<T>, onObserved?: () => void): ObservedPromise<T> {
    const result = new ObservedPromise<T>((resolve, reject) => {
      work.then(resolve, reject)
    })
    result.#onObserved = onObserved
    return result
  }

  /** Whether anything awaits it, or did. */
  get isObserved(): boolean {
    return this.#observed
  }

  /**
   * A rejection is not reported as unhandled from now on: the promise may be awaited later. Does not
   * count as awaiting it.
   */
  tolerateRejection(): this {
    Promise.prototype.then.call(this, undefined, () => {})
    return this
  }

  // `await` and Promise.all take a promise of another constructor for a thenable, and call this.
  // biome-ignore lint/suspicious/noThenProperty: it is a promise; this is how `await` asks for it.
  override then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    if (!this.#observed) {
      this.#observed = true
      this.#onObserved?.()
    }
    return super.then(onFulfilled, onRejected)
  }
}
