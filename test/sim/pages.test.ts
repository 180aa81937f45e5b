/**
 * Any sequence of mmap, munmap, mremap, ftruncate, loads and stores equals a table with one entry
 * for each page, and files that are arrays of bytes.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { SimKernel } from '../../src/sim/kernel.ts'
import * as uapi from '../uapi.ts'
import { memfd, PAGE, RW, start } from './rig.ts'

const { errno } = uapi
const FILES = 2
const MOST_PAGES = 4

interface NaivePage {
  readonly file: number
  /** In the file, in pages. */
  readonly page: number
  readonly writable: boolean
}

/** Pages by address, and files by bytes: no areas, no cutting, no sharing but by the file's number. */
class NaiveMemory {
  readonly files: Uint8Array[] = Array.from({ length: FILES }, () => new Uint8Array(0))
  readonly pages = new Map<number, NaivePage>()

  map(address: number, count: number, first: NaivePage): void {
    for (let i = 0; i < count; i++) {
      this.pages.set(address + i * PAGE, { ...first, page: first.page + i })
    }
  }

  unmap(address: number, count: number): void {
    for (let i = 0; i < count; i++) this.pages.delete(address + i * PAGE)
  }

  /** Mappings never touch each other, so that pages in a row are one mapping. */
  isMapped(address: number, count: number): boolean {
    return Array.from({ length: count }, (_, i) => address + i * PAGE).every((page) =>
      this.pages.has(page),
    )
  }

  truncate(file: number, size: number): void {
    const whole = new Uint8Array(Math.ceil(size / PAGE) * PAGE)
    whole.set(this.files[file]?.subarray(0, size) ?? [])
    this.files[file] = whole
  }

  /** Where a byte is; undefined where an access would fault. */
  place(address: number, writes: boolean): { bytes: Uint8Array; at: number } | undefined {
    const entry = this.pages.get(address - (address % PAGE))
    if (entry === undefined || (writes && !entry.writable)) return undefined
    const bytes = this.files[entry.file] as Uint8Array
    const at = entry.page * PAGE + (address % PAGE)
    return at < bytes.length ? { bytes, at } : undefined
  }

  access(address: number, data: Uint8Array, writes: boolean): number {
    const places = Array.from(data, (_, i) => this.place(address + i, writes))
    if (places.some((place) => place === undefined)) return -errno.EFAULT
    places.forEach((place, i) => {
      if (place === undefined) return
      if (writes) place.bytes[place.at] = data[i] as number
      else data[i] = place.bytes[place.at] as number
    })
    return 0
  }
}

interface Both {
  readonly kernel: SimKernel
  readonly naive: NaiveMemory
  readonly fds: number[]
  /** Addresses that a mapping ever began at. */
  readonly bases: number[]
}

type Step = (both: Both) => void

const count = fc.integer({ min: 1, max: MOST_PAGES })
const file = fc.nat(FILES - 1)
/** A place near one of the mappings, by number. */
const near = fc.record({ base: fc.nat(), page: fc.integer({ min: -1, max: MOST_PAGES }) })
type Near = { base: number; page: number }

function addressOf({ bases }: Both, { base, page }: Near): number {
  return (bases[base % bases.length] ?? PAGE) + page * PAGE
}

const mmap: fc.Arbitrary<Step> = fc
  .record({ file, count, offset: fc.nat(MOST_PAGES), writable: fc.boolean() })
  .map(({ file, count, offset, writable }) => ({ kernel, naive, fds, bases }) => {
    const protection = writable ? RW : uapi.PROT_READ
    const fd = fds[file] as number
    const length = count * PAGE
    const address = kernel.sys.mmap(length, protection, uapi.MAP_SHARED, fd, offset * PAGE)
    expect(address).toBeGreaterThan(0)
    naive.map(address, count, { file, page: offset, writable })
    bases.push(address)
  })

const munmap: fc.Arbitrary<Step> = fc.record({ near, count }).map(({ near, count }) => (both) => {
  const address = addressOf(both, near)
  expect(both.kernel.sys.munmap(address, count * PAGE)).toBe(0)
  both.naive.unmap(address, count)
})

const mremap: fc.Arbitrary<Step> = fc
  .record({ near, before: count, after: count, mayMove: fc.boolean() })
  .map(({ near, before, after, mayMove }) => (both) => {
    const { kernel, naive, bases } = both
    const address = addressOf(both, near)
    const first = naive.pages.get(address)
    const flags = mayMove ? uapi.MREMAP_MAYMOVE : 0
    const result = kernel.sys.mremap(address, before * PAGE, after * PAGE, flags)
    if (first === undefined) expect(result).toBe(-errno.EFAULT)
    else if (after <= before) {
      expect(result).toBe(address)
      naive.unmap(address + after * PAGE, before - after)
    } else if (!naive.isMapped(address, before)) expect(result).toBe(-errno.EFAULT)
    else if (result < 0) expect([result, mayMove]).toEqual([-errno.ENOMEM, false])
    else {
      expect(mayMove || result === address).toBe(true)
      naive.unmap(address, before)
      naive.map(result, after, first)
      bases.push(result)
    }
  })

const truncate: fc.Arbitrary<Step> = fc
  .record({ file, size: fc.nat(MOST_PAGES * PAGE) })
  .map(({ file, size }) => ({ kernel, naive, fds }) => {
    expect(kernel.sys.ftruncate(fds[file] as number, size)).toBe(0)
    naive.truncate(file, size)
  })

const access: fc.Arbitrary<Step> = fc
  .record({ near, at: fc.nat(PAGE - 1), length: fc.nat(PAGE + 8), value: fc.nat(255) })
  .chain((where) => fc.boolean().map((writes) => ({ ...where, writes })))
  .map(({ near, at, length, value, writes }) => (both) => {
    const address = addressOf(both, near) + at
    if (length === 0) return
    const [ours, theirs] = [new Uint8Array(length).fill(value), new Uint8Array(length).fill(value)]
    const { sys } = both.kernel
    const result = writes ? sys.store(address, ours) : sys.load(address, ours)
    expect(result).toBe(both.naive.access(address, theirs, writes))
    expect(ours).toEqual(theirs)
  })

test('areas are a page table', () => {
  const step = fc.oneof(
    { weight: 2, arbitrary: mmap },
    { weight: 2, arbitrary: munmap },
    { weight: 2, arbitrary: mremap },
    { weight: 2, arbitrary: truncate },
    { weight: 5, arbitrary: access },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const kernel = start()
      const fds = Array.from({ length: FILES }, () => memfd(kernel, 0))
      const both: Both = { kernel, naive: new NaiveMemory(), fds, bases: [] }
      truncateAll(both)
      for (const run of steps) run(both)
      kernel.exit()
    }),
    { numRuns: 150 },
  )
})

function truncateAll({ kernel, naive, fds }: Both): void {
  fds.forEach((fd, file) => {
    kernel.sys.ftruncate(fd, 2 * PAGE)
    naive.truncate(file, 2 * PAGE)
  })
}
