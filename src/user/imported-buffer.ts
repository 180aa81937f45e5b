import type { Syscalls } from '../syscalls/syscalls.ts'
import { AsyncOwner } from './async-owner.ts'
import type { Calls } from './calls.ts'

/** A counted import of a dma-buf into a display: the handle is valid until this is disposed. */
export class ImportedBuffer extends AsyncOwner {
  /** The GEM handle, which other imports of the same buffer share. */
  readonly handle: number
  readonly #release: (calls: Calls) => Promise<void>

  /** `release` takes one import back: use `DrmDevice.importBuffer`. */
  constructor(sys: Syscalls, handle: number, release: (calls: Calls) => Promise<void>) {
    super(sys)
    this.handle = handle
    this.#release = release
  }

  protected override async end(calls: Calls): Promise<void> {
    await this.#release(calls)
  }
}
