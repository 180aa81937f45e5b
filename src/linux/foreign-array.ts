import { MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, PROT_READ, PROT_WRITE } from '../abi/fcntl.ts'
import type { Libc } from './libc.ts'

/** Pages without a promise that memory will be there for them. */
const MAP_NORESERVE = 0x4000

interface Range {
  readonly address: number
  readonly length: number
}

/** Releases the placeholder pages of a collected array. */
const collected = new FinalizationRegistry<ForeignArray>((array) => array.unearth())

/**
 * The one ArrayBuffer over a mapping. JavaScript cannot be made to forget it, and an access to pages
 * that are gone would end the process: while it is alive, unmapping puts anonymous zero pages in the
 * place of the mapping, in one step; they go when the buffer is collected.
 *
 * The buffer is held weakly: an array that the program has dropped does not hinder unmapping.
 */
export class ForeignArray {
  readonly #libc: Libc
  readonly #start: number
  readonly #buffer: WeakRef<ArrayBuffer>
  readonly #standIns: Range[] = []

  /** Over `length` bytes at `start`, which are mapped. Throws where the runtime refuses. */
  static over(libc: Libc, start: number, length: number): [ForeignArray, ArrayBuffer] {
    const buffer = libc.view(start, length)
    keepHere(buffer)
    const array = new ForeignArray(libc, start, buffer)
    collected.register(buffer, array)
    return [array, buffer]
  }

  private constructor(libc: Libc, start: number, buffer: ArrayBuffer) {
    this.#libc = libc
    this.#start = start
    this.#buffer = new WeakRef(buffer)
  }

  /** The address of the first byte. */
  get start(): number {
    return this.#start
  }

  /** The buffer; undefined once it is collected. */
  get buffer(): ArrayBuffer | undefined {
    return this.#buffer.deref()
  }

  /**
   * Unmaps whole pages under this array: they read as zero from now on, and stores to them are lost.
   * ENOMEM.
   */
  unmap(address: number, length: number): number {
    if (this.buffer === undefined) return this.#libc.munmap(address, length)
    const protection = PROT_READ | PROT_WRITE
    const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED
    const result = this.#libc.mmap(address, length, protection, flags, -1, 0)
    if (result < 0) return result
    this.#standIns.push({ address, length })
    return 0
  }

  /** The buffer is collected, so the placeholder pages are unreachable. */
  unearth(): void {
    for (const { address, length } of this.#standIns.splice(0)) this.#libc.munmap(address, length)
  }
}

/** `transfer` would move the pages to an untracked buffer. structuredClone refuses by itself. */
function keepHere(buffer: ArrayBuffer): void {
  for (const name of ['transfer', 'transferToFixedLength']) {
    if (!(name in buffer)) continue
    Object.defineProperty(buffer, name, { value: refuseTransfer })
  }
}

function refuseTransfer(): never {
  throw new TypeError(
    'these bytes are mapped memory, which cannot be transferred: copy with slice()',
  )
}
