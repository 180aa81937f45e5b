import { PAGE_SIZE } from '../../abi/fcntl.ts'
import type { CpuMapping } from '../dmabuf/cpu-mapping.ts'

/**
 * The copies that stores through a MAP_PRIVATE mapping make, a page at a time: no other mapping
 * sees them, and later stores of others into such a page are not seen here.
 */
export class PrivatePages {
  readonly #mapping: CpuMapping
  readonly #copies = new Map<number, Uint8Array>()

  constructor(mapping: CpuMapping) {
    this.#mapping = mapping
  }

  load(offset: number, target: Uint8Array): void {
    eachPage(offset, target.length, (page, from, to) => {
      const part = target.subarray(from - offset, to - offset)
      const copy = this.#copies.get(page)
      if (copy === undefined) {
        this.#mapping.load(from, part)
        return
      }
      this.#mapping.emitPrivate('private-load', from, to)
      part.set(copy.subarray(from % PAGE_SIZE, (from % PAGE_SIZE) + part.length))
    })
  }

  store(offset: number, source: Uint8Array): void {
    eachPage(offset, source.length, (page, from, to) => {
      this.#mapping.emitPrivate('private-store', from, to)
      this.#copyOf(page).set(source.subarray(from - offset, to - offset), from % PAGE_SIZE)
    })
  }

  /** Copies from byte `start` of the mapping on are gone: the file was truncated. */
  forget(start: number): void {
    for (const page of this.#copies.keys()) {
      if (page * PAGE_SIZE >= start) this.#copies.delete(page)
    }
  }

  #copyOf(page: number): Uint8Array {
    let copy = this.#copies.get(page)
    if (copy === undefined) {
      copy = new Uint8Array(PAGE_SIZE)
      this.#mapping.copyOut(page * PAGE_SIZE, copy)
      this.#copies.set(page, copy)
    }
    return copy
  }
}

function eachPage(
  offset: number,
  length: number,
  visit: (page: number, from: number, to: number) => void,
): void {
  const end = offset + length
  for (let from = offset; from < end; ) {
    const page = Math.floor(from / PAGE_SIZE)
    const to = Math.min(end, (page + 1) * PAGE_SIZE)
    visit(page, from, to)
    from = to
  }
}
