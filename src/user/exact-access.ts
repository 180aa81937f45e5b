import * as check from '../syscalls/arguments.ts'
import type { Syscalls } from '../syscalls/syscalls.ts'
import { Calls } from './calls.ts'
import { type ExactMemory, loadExact, storeExact } from './exact-memory.ts'
import { ExactView } from './exact-view.ts'

/** A fill of more is several stores: an array as long as the memory would cost the host more than they. */
const FILLED_AT_ONCE = 1024 * 1024

/**
 * Exact access to mapped bytes: every method is a load or store that the kernel sees at the line
 * that made it, where `bytes` is only seen from outside. Slower per call; none sleeps.
 *
 * All throw ERR_INVALID_ARG_TYPE for an argument of another type, ERR_OUT_OF_RANGE for a range outside
 * or an offset that is not an integer, EFAULT where the memory may not be touched so, and EINVAL or
 * EBADF once the memory is gone.
 */
export abstract class ExactAccess {
  readonly #memory: ExactMemory
  #view: ExactView | undefined

  protected constructor(sys: Syscalls, length: number) {
    this.#memory = { sys, length, address: (calls) => this.locate(calls) }
  }

  /** The address of the first byte; throws when the memory is gone. */
  protected abstract locate(calls: Calls): number

  /** Bytes that can be reached. */
  get length(): number {
    return this.#memory.length
  }

  /** The same memory as numbers, like a DataView. */
  get view(): ExactView {
    this.#view ??= new ExactView(this.#memory)
    return this.#view
  }

  /** Stores `source` at byte `offset`. */
  set(source: Uint8Array, offset = 0): void {
    storeExact(this.#memory, this.set, offset, source)
  }

  /** Stores the byte `value` (its low 8 bits) over `[start, end)`: one store for each MiB. */
  fill(value: number, start = 0, end: number = this.length): void {
    check.finite('value', value)
    this.#checkRange(start, end)
    const piece = new Uint8Array(Math.min(FILLED_AT_ONCE, end - start)).fill(value)
    Calls.passing(this.#memory.sys, this.fill).run(() => {
      let at = start
      do {
        const left = end - at
        const part = left < piece.length ? piece.subarray(0, left) : piece
        storeExact(this.#memory, this.fill, at, part)
        at += part.length
      } while (at < end)
    })
  }

  /** Loads `target.length` bytes from byte `offset` into `target`. */
  copy(target: Uint8Array, offset = 0): void {
    loadExact(this.#memory, this.copy, offset, target)
  }

  /** Loads the bytes `[start, end)` into a new array. */
  read(start = 0, end: number = this.length): Uint8Array<ArrayBuffer> {
    this.#checkRange(start, end)
    const target = new Uint8Array(end - start)
    loadExact(this.#memory, this.read, start, target)
    return target
  }

  #checkRange(start: unknown, end: unknown): void {
    check.integer('start', start, 0, this.length)
    check.integer('end', end, start, this.length)
  }
}
