import fc from 'fast-check'
import { expect } from 'vitest'
import { errno } from '../../src/abi/errno.ts'
import type { Syscalls } from '../../src/syscalls/syscalls.ts'
import { mapAll, PAGE } from './here.ts'

const PAGES = 3

const where = { which: fc.nat(), page: fc.nat(PAGES - 1) }
const value = fc.nat(255)

/** One thing that a program may do with mappings of a file, their exact bytes and their arrays. */
export const memoryStep = fc.oneof(
  fc.constant({ op: 'map' as const }),
  fc.record({ op: fc.constantFrom('view' as const, 'unmap' as const), ...where }),
  fc.record({ op: fc.constantFrom('write' as const, 'store' as const), ...where, value }),
  fc.constant({ op: 'collect' as const }),
)
export type MemoryStep = typeof memoryStep extends fc.Arbitrary<infer T> ? T : never
type PageStep = Extract<MemoryStep, { which: number }>

interface Page {
  mapped: boolean
  /** The page's private contents once it is unmapped. */
  own: number
  readonly arrays: Uint8Array[]
}

/** The first byte of each page of a file and of every array ever taken, by the plainest bookkeeping. */
export class NaiveMemory {
  static readonly pages = PAGES
  readonly #sys: Syscalls
  readonly #fd: number
  readonly #file = new Uint8Array(PAGES)
  readonly #mappings: { readonly address: number; readonly pages: readonly Page[] }[] = []

  constructor(sys: Syscalls, fd: number) {
    this.#sys = sys
    this.#fd = fd
  }

  /** Makes `step` on the kernel and here; the results must be equal. */
  take(step: Exclude<MemoryStep, { op: 'collect' }>): void {
    if (step.op === 'map') {
      const address = mapAll(this.#sys, this.#fd, PAGES * PAGE)
      const pages = Array.from(
        { length: PAGES },
        (): Page => ({ mapped: true, own: 0, arrays: [] }),
      )
      this.#mappings.push({ address, pages })
      return
    }
    const mapping = this.#mappings[step.which % this.#mappings.length]
    const page = mapping?.pages[step.page]
    if (mapping === undefined || page === undefined) return
    if (!page.mapped && this.#isReused(mapping.address + step.page * PAGE)) return
    this.#onPage(step, page, mapping.address + step.page * PAGE)
  }

  /** The kernel has put a later mapping where this page was unmapped. */
  #isReused(address: number): boolean {
    return this.#mappings.some(
      (mapping) => mapping.pages[(address - mapping.address) / PAGE]?.mapped === true,
    )
  }

  #onPage(step: PageStep, page: Page, address: number): void {
    switch (step.op) {
      case 'unmap':
        expect(this.#sys.munmap(address, PAGE)).toBe(0)
        page.mapped = false
        return
      case 'view': {
        const view = this.#sys.view(address, PAGE, 'mapping')
        if (page.mapped) page.arrays.push(view as Uint8Array)
        else expect(view).toBe(-errno.EFAULT)
        return
      }
      case 'store': {
        const result = this.#sys.store(address, new Uint8Array([step.value]))
        expect(result).toBe(page.mapped ? 0 : -errno.EFAULT)
        if (page.mapped) this.#file[step.page] = step.value
        return
      }
      case 'write':
        if (page.arrays[0] === undefined) return
        page.arrays[0][0] = step.value
        if (page.mapped) this.#file[step.page] = step.value
        else page.own = step.value
    }
  }

  /** Every array shows the file where it is mapped, and its own stores where it is not. */
  check(): void {
    for (const { pages } of this.#mappings) {
      pages.forEach(({ mapped, own, arrays }, i) => {
        for (const array of arrays) expect(array[0]).toBe(mapped ? this.#file[i] : own)
      })
    }
  }

  end(): void {
    for (const { address } of this.#mappings) this.#sys.munmap(address, PAGES * PAGE)
  }
}
