import { errno } from '../abi/errno.ts'
import type { Syscalls } from '../syscalls/syscalls.ts'
import { endedError } from '../syscalls/system-error.ts'
import { latestEvent } from '../syscalls/watching.ts'
import { Calls } from './calls.ts'
import { ExactAccess } from './exact-access.ts'

/** Where a mapping is, and when its views are out of date. */
export interface MappedRange {
  readonly address: number
  /** Bytes. */
  readonly length: number
  /** Generation counter; views from an older generation are stale. */
  epoch(): number
}

/**
 * Bytes of a buffer in the address space, as mmap returns them: valid until disposed, also after the
 * buffer itself was closed. A mapping begins no CPU access. The program must call `startCpuAccess` before
 * and `endCpuAccess` after every use of the bytes; `beginCpuAccess` does both, and is harder to forget.
 */
export class Mapping extends ExactAccess implements Disposable {
  readonly #sys: Syscalls
  readonly #range: MappedRange
  #bytes: Uint8Array<ArrayBuffer> | undefined
  #bytesEpoch = 0
  /** The newest event when the array was taken. */
  #bytesEvent = 0
  #mapped = true

  /** Takes over memory that is already mapped: use `map` of `DmaBuf`, `DumbBuffer` or `Memfd`. */
  constructor(sys: Syscalls, range: MappedRange) {
    super(sys, range.length)
    this.#sys = sys
    this.#range = range
  }

  /** The address of the first byte, in the process. */
  get address(): number {
    return this.#range.address
  }

  /**
   * The bytes, to load and store at native speed. Read this property again after each begin and end of a
   * CPU access: an array from before is stale. EFAULT once unmapped; EINVAL where the pages cannot be one
   * array, or a memfd was mapped without the seal `shrink`.
   */
  get bytes(): Uint8Array<ArrayBuffer> {
    const epoch = this.#range.epoch()
    const isKept = this.#bytesEpoch === epoch && this.#bytesEvent === latestEvent(this.#sys)
    if (this.#bytes === undefined || !isKept) {
      const calls = Calls.from(this.#sys, bytesGetter)
      this.#bytes = calls.view(this.locate(), this.length, 'mapping')
      this.#bytesEpoch = epoch
      this.#bytesEvent = latestEvent(this.#sys)
    } else this.locate()
    return this.#bytes
  }

  protected override locate(): number {
    if (this.#mapped) return this.#range.address
    throw endedError({
      errno: -errno.EFAULT,
      syscall: 'view',
      detail: 'this mapping was disposed: use its bytes before the end of its `using` block',
    })
  }

  /** Whether the memory was unmapped. */
  get closed(): boolean {
    return !this.#mapped
  }

  /** Unmaps the memory: munmap. Idempotent. */
  close(): void {
    this.#close(() => Calls.from(this.#sys, this.close))
  }

  /** As `close`. */
  [Symbol.dispose](): void {
    this.#close(() => Calls.disposing(this.#sys))
  }

  #close(capture: () => Calls): void {
    if (!this.#mapped) return
    const calls = capture()
    this.#mapped = false
    this.#bytes = undefined
    calls.munmap(this.#range.address, this.length)
  }
}

const bytesGetter: unknown = Object.getOwnPropertyDescriptor(Mapping.prototype, 'bytes')?.get
