import type { Libc } from './libc.ts'

/** Bytes that are compared in one native step. */
const BLOCK = 4096

/**
 * A copy of a mapping for programs to work on. It is read from memory when a CPU access begins or a view
 * is taken. Its changes are written to memory when the access ends or the mapping is unmapped. Its arrays
 * can be detached; arrays over the memory itself cannot.
 */
export class Shadow {
  readonly #libc: Libc
  readonly #start: number
  readonly #writable: boolean
  /** The bytes that the program sees and changes. */
  readonly #bytes: Uint8Array<ArrayBuffer>
  /** The bytes of memory when the two were last equal. */
  readonly #image: Uint8Array<ArrayBuffer>
  /** Some view was taken for as long as the mapping lives. */
  lastsWithMapping = false

  constructor(libc: Libc, start: number, length: number, writable: boolean) {
    this.#libc = libc
    this.#start = start
    this.#writable = writable
    this.#bytes = new Uint8Array(length)
    this.#image = new Uint8Array(writable ? length : 0)
    this.take()
  }

  /** `length` bytes at `address`, which lie in the mapping. */
  view(address: number, length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#bytes.buffer, address - this.#start, length)
  }

  /** Copies memory over the copy. Stores that were not written to memory are lost. */
  take(): void {
    this.#libc.copyFrom(this.#start, this.#bytes)
    if (this.#writable) this.#image.set(this.#bytes)
  }

  /** Stores the changed bytes of the copy to memory, and no others. */
  giveBack(): void {
    if (!this.#writable) return
    for (let at = 0; at < this.#bytes.length; at += BLOCK) {
      const block = this.#bytes.subarray(at, at + BLOCK)
      const before = this.#image.subarray(at, at + BLOCK)
      if (Buffer.compare(block, before) === 0) continue
      this.#giveBackRuns(at, block, before)
      before.set(block)
    }
  }

  #giveBackRuns(at: number, block: Uint8Array, before: Uint8Array): void {
    for (let i = 0; i < block.length; i++) {
      if (block[i] === before[i]) continue
      const from = i
      while (i < block.length && block[i] !== before[i]) i++
      this.#libc.copyTo(this.#start + at + from, block.subarray(from, i))
    }
  }

  /** Every view becomes empty. */
  end(): void {
    structuredClone(this.#bytes.buffer, { transfer: [this.#bytes.buffer] })
  }
}
