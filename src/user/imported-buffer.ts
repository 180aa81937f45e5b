/** A counted import of a dma-buf into a display: the handle is valid until this is disposed. */
export class ImportedBuffer implements AsyncDisposable {
  /** The GEM handle, which other imports of the same buffer share. */
  readonly handle: number
  readonly #close: (entry: unknown) => Promise<void>
  #closed = false

  /** `close` takes one import back: use `DrmDevice.import`. */
  constructor(handle: number, close: (entry: unknown) => Promise<void>) {
    this.handle = handle
    this.#close = close
  }

  /** May sleep. Takes this import back; doing it twice does nothing. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#close(this[Symbol.asyncDispose])
  }
}
