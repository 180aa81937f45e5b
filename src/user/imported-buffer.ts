import type { Syscalls } from '../uapi/syscalls.ts'
import { Calls } from './calls.ts'

/** A counted import of a dma-buf into a display: the handle is valid until this is disposed. */
export class ImportedBuffer implements AsyncDisposable {
  /** The GEM handle, which other imports of the same buffer share. */
  readonly handle: number
  readonly #sys: Syscalls
  readonly #close: (calls: Calls) => Promise<void>
  #closed = false

  /** `close` takes one import back: use `DrmDevice.importBuffer`. */
  constructor(sys: Syscalls, handle: number, close: (calls: Calls) => Promise<void>) {
    this.#sys = sys
    this.handle = handle
    this.#close = close
  }

  /** May sleep. Takes this import back; doing it twice does nothing. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#close(Calls.disposing(this.#sys))
  }
}
