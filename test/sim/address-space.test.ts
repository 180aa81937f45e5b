import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { ADDRESS_END, AddressSpace, endOf } from '../../src/kernel/process/address-space.ts'
import type { Backing } from '../../src/kernel/process/backing.ts'
import * as uapi from '../uapi.ts'
import { allocate, memfd, PAGE, poke, share, start } from './rig.ts'

/** Counts its areas, as a backing does. */
class Counted {
  areas = 1
  get(): this {
    this.areas++
    return this
  }
}

function add(space: AddressSpace, pages: number, backing = new Counted()): Counted {
  const length = pages * PAGE
  const address = space.room(length) ?? -1
  const rights = { readable: true, writable: true }
  space.add({ address, length, at: 0, ...rights, backing: backing as unknown as Backing })
  return backing
}

describe('an address space', () => {
  test('cuts as a map of its pages does', () => {
    const operation = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), pages: fc.integer({ min: 1, max: 6 }) }),
      fc.record({
        kind: fc.constant('cut' as const),
        from: fc.nat(60),
        pages: fc.integer({ min: 1, max: 20 }),
      }),
    )
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 40 }), (operations) => {
        const space = new AddressSpace()
        const base = space.room(PAGE) ?? 0
        const model = new Map<number, { backing: Counted; at: number }>()
        const backings: Counted[] = []
        for (const one of operations) {
          if (one.kind === 'add') {
            const first = space.room(one.pages * PAGE) ?? 0
            const backing = add(space, one.pages)
            backings.push(backing)
            for (let i = 0; i < one.pages; i++)
              model.set(first + i * PAGE, { backing, at: i * PAGE })
            continue
          }
          const from = base + one.from * PAGE
          for (const area of space.cut(from, from + one.pages * PAGE)) {
            ;(area.backing as unknown as Counted).areas--
            for (let at = area.address; at < endOf(area); at += PAGE) {
              expect(model.get(at)).toEqual({
                backing: area.backing,
                at: area.at + at - area.address,
              })
              model.delete(at)
            }
          }
          for (let i = 0; i < one.pages; i++) expect(model.has(from + i * PAGE)).toBe(false)
        }
        const pages = space.areas.flatMap((area) =>
          Array.from({ length: area.length / PAGE }, (_, i) => area.address + i * PAGE),
        )
        expect(pages).toEqual([...model.keys()].sort((a, b) => a - b))
        for (const backing of backings) {
          expect(space.areas.filter((area) => (area.backing as unknown) === backing).length).toBe(
            backing.areas,
          )
        }
      }),
    )
  })

  test('cuts one of very many as fast as one of few', { timeout: 10_000 }, () => {
    const space = new AddressSpace()
    const count = 50_000
    for (let i = 0; i < count; i++) add(space, 1)
    const addresses = space.areas.map(({ address }) => address)
    for (const address of addresses) expect(space.cut(address, address + PAGE).length).toBe(1)
    expect(space.areas.length).toBe(0)
  })

  test('has an end, and uses addresses again only there', () => {
    const space = new AddressSpace()
    add(space, 1)
    const first = space.areas[0]?.address ?? 0
    const left = (ADDRESS_END - (space.room(PAGE) ?? 0)) / PAGE
    add(space, left - 3)
    expect(space.room(3 * PAGE)).toBeUndefined()
    expect(space.room(2 * PAGE)).toBe(ADDRESS_END - 2 * PAGE)
    space.cut(first, first + PAGE)
    // Unmapped addresses are used again when no others are left.
    expect(space.room(PAGE)).toBeGreaterThan(first)
    add(space, 2)
    expect(space.room(PAGE)).toBe(first)
  })
})

describe('a process', () => {
  test('has ENOMEM when its addresses are used up, and goes on', () => {
    const kernel = start()
    const { sys } = kernel
    const fd = memfd(kernel, PAGE)
    const map = (length: number): number => sys.mmap(length, uapi.PROT_READ, uapi.MAP_SHARED, fd, 0)
    const huge = map(2 ** 46)
    expect(huge).toBeGreaterThan(0)
    expect(map(2 ** 46)).toBe(-uapi.errno.ENOMEM)
    const small = share(kernel, fd, PAGE)
    expect(poke(kernel, small, 7)).toBe(0)
    expect(sys.mremap(small, PAGE, 2 ** 52, uapi.MREMAP_MAYMOVE)).toBe(-uapi.errno.ENOMEM)
    expect(sys.mremap(small, PAGE, 2 ** 46, uapi.MREMAP_MAYMOVE)).toBe(-uapi.errno.ENOMEM)
    expect(poke(kernel, small, 8)).toBe(0)
    expect(sys.munmap(huge, 2 ** 46)).toBe(0)
    const again = map(2 ** 46)
    expect(again).toBe(huge)
    expect([sys.munmap(again, 2 ** 46), sys.munmap(small, PAGE)]).toEqual([0, 0])
  })

  test('has ENOMEM where the host has no array, and the frames are free again', async () => {
    const kernel = start()
    const before = kernel.memoryInUse
    const length = 64 * 2 ** 20
    const Real = Uint8Array
    const construct = (target: typeof Real, args: [number]): object => {
      if (args[0] === length) throw new RangeError('Array buffer allocation failed')
      return Reflect.construct(target, args)
    }
    vi.stubGlobal('Uint8Array', new Proxy(Real, { construct }))
    try {
      for (let i = 0; i < 40; i++) expect(await allocate(kernel, length)).toBe(-uapi.errno.ENOMEM)
      expect(kernel.memoryInUse).toBe(before)
    } finally {
      vi.unstubAllGlobals()
    }
    expect(await allocate(kernel, length)).toBeGreaterThan(0)
  })
})
