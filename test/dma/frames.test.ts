/** Physical memory: free addresses, zones, and which storage has an address. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PAGE_SIZE } from '../../src/abi/fcntl.ts'
import { AddressMap } from '../../src/kernel/dma/address-map.ts'
import { IntervalIndex } from '../../src/kernel/dma/interval-index.ts'
import { Extents } from '../../src/machine/extents.ts'
import { Ram } from '../../src/machine/ram.ts'
import { ALL_FREEDOMS, StateTables } from '../../src/machine/state-table.ts'

const END = 64

/** A piece is an order that the heap asks for, at a multiple of itself. */
function checkOrder(
  { physical, length }: { physical: number; length: number },
  largest = MIB,
): void {
  expect([PAGE_SIZE, 1 << 16, MIB]).toContain(length)
  expect(length).toBeLessThanOrEqual(largest)
  expect(physical % length).toBe(0)
}

interface Taken {
  readonly start: number
  readonly end: number
}

describe('free addresses', () => {
  it('are found as a bit map finds them', () => {
    const take = fc.record({
      high: fc.boolean(),
      length: fc.integer({ min: 1, max: 16 }),
      align: fc.constantFrom(1, 2, 4, 8),
      low: fc.nat(END),
      top: fc.nat(END),
    })
    const step = fc.oneof(take, fc.nat(20))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const subject = new Extents([{ start: 0, end: END }])
        const free = Array(END).fill(true)
        const held: Taken[] = []
        for (const one of steps) {
          if (typeof one === 'number') {
            const [gone] = held.splice(one % Math.max(1, held.length), 1)
            if (gone === undefined) continue
            subject.put(gone.start, gone.end)
            free.fill(true, gone.start, gone.end)
            continue
          }
          const { high, length, align, low, top } = one
          const found = subject[high ? 'takeHigh' : 'takeLow'](length, align, low, top)
          expect(found).toBe(naive(free, one))
          if (found === undefined) continue
          free.fill(false, found, found + length)
          held.push({ start: found, end: found + length })
        }
        expect(subject.length).toBe(runsOf(free))
      }),
      { numRuns: 500 },
    )
  })
})

function naive(
  free: readonly boolean[],
  want: { high: boolean; length: number; align: number; low: number; top: number },
): number | undefined {
  const starts = free
    .map((_, start) => start)
    .filter(
      (start) =>
        start % want.align === 0 &&
        start >= want.low &&
        start + want.length <= Math.min(want.top, END) &&
        free.slice(start, start + want.length).every(Boolean),
    )
  return want.high ? starts.at(-1) : starts[0]
}

function runsOf(free: readonly boolean[]): number {
  return free.filter((is, i) => is && free[i - 1] !== true).length
}

describe('indexes by address', () => {
  const range = fc
    .tuple(fc.nat(60), fc.integer({ min: 1, max: 12 }))
    .map(([start, length]) => ({ start, end: start + length }))

  it('find all ranges that overlap, after some were taken out', () => {
    fc.assert(
      fc.property(fc.array(range, { maxLength: 30 }), range, fc.nat(5), (ranges, asked, every) => {
        const subject = new IntervalIndex<number>()
        for (const [i, { start, end }] of ranges.entries()) subject.add(start, end, i)
        const gone = new Set([...ranges.keys()].filter((i) => i % (every + 1) === 0))
        for (const i of gone) {
          const { start, end } = ranges[i] as Taken
          subject.remove(start, end, i)
        }
        const found: number[] = []
        subject.each(asked.start, asked.end, (i) => {
          found.push(i)
        })
        const expected = [...ranges.entries()]
          .filter(([i, r]) => !gone.has(i) && r.start < asked.end && asked.start < r.end)
          .map(([i]) => i)
        expect(found.sort((a, b) => a - b)).toEqual(expected)
      }),
    )
  })

  it('find the one range that has an address', () => {
    const subject = new AddressMap<string>()
    subject.add(10, 20, 'b')
    subject.add(0, 10, 'a')
    subject.add(30, 31, 'c')
    subject.remove(11)
    expect([0, 9, 10, 19, 20, 30, 31].map((at) => subject.at(at))).toEqual([
      'a',
      'a',
      'b',
      'b',
      undefined,
      'c',
      undefined,
    ])
    subject.remove(10)
    expect(subject.at(15)).toBeUndefined()
    expect(subject.size).toBe(2)
  })
})

const MIB = 2 ** 20

function ram(more: Partial<ConstructorParameters<typeof Ram>[0]> = {}): Ram {
  const tables = new StateTables(ALL_FREEDOMS)
  return new Ram({ base: 0, size: 8 * MIB, twoCopies: false, poison: false, tables, ...more })
}

describe('frames', () => {
  it('come from ordinary memory while there is some, and from the zone then', () => {
    const subject = ram({ normal: 4 * MIB })
    expect(subject.allocate(3 * MIB)?.chunks[0]?.physical).toBe(4 * MIB)
    const low = subject.allocate(PAGE_SIZE, { below: 4 * MIB })
    expect(low?.chunks[0]?.physical).toBe(0)
    const both = subject.allocate(2 * MIB)
    expect(both?.chunks.map(({ physical }) => physical)).toEqual([7 * MIB, MIB])
  })

  it('are refused when none lie low enough, although others are free', () => {
    const subject = ram({ base: 4 * MIB })
    expect(subject.allocate(PAGE_SIZE, { below: 4 * MIB })).toBeUndefined()
    expect(subject.allocate(PAGE_SIZE)).toBeDefined()
    expect(subject.liveBytes).toBe(PAGE_SIZE)
  })

  it('come in pieces of the page allocator, whichever request they were freed from', () => {
    const request = fc.record({
      pages: fc.integer({ min: 1, max: 300 }),
      contiguous: fc.boolean(),
      largest: fc.constantFrom(undefined, PAGE_SIZE, 1 << 16),
      frees: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(request, { maxLength: 12 }), (requests) => {
        const subject = ram()
        for (const { pages, contiguous, largest, frees } of requests) {
          const size = pages * PAGE_SIZE
          const storage = subject.allocate(size, { contiguous, largest })
          if (storage === undefined) continue
          const { chunks } = storage
          expect(chunks.reduce((sum, { length }) => sum + length, 0)).toBe(size)
          if (contiguous) expect(chunks).toHaveLength(1)
          else for (const chunk of chunks) checkOrder(chunk, largest)
          for (const { physical, offset, length } of chunks) {
            const [first, last] = [subject.at(physical), subject.at(physical + length - 1)]
            expect([first?.storage.id, first?.offset]).toEqual([storage.id, offset])
            expect(last?.storage.id).toBe(storage.id)
          }
          if (frees) subject.free(storage)
        }
      }),
      { numRuns: 50 },
    )
  })

  it('that were one piece are pieces of the page allocator for the heap, and one piece again', () => {
    const subject = ram()
    const size = 225 * PAGE_SIZE
    const one = subject.allocate(size, { contiguous: true })
    if (one === undefined) throw new Error('no frame')
    subject.free(one)
    const again = subject.allocate(size)
    expect(again).toBe(one)
    expect(new Set(again?.chunks.map(({ length }) => length))).toEqual(
      new Set([1 << 16, PAGE_SIZE]),
    )
    subject.free(one)
    expect(subject.allocate(size, { contiguous: true })?.chunks).toHaveLength(1)
  })

  it('of the region for contiguous memory are one piece, and go to those alone who ask for it', () => {
    const subject = ram({ cma: { base: 4 * MIB, size: 4 * MIB } })
    expect(subject.availableBytes).toBe(4 * MIB)
    const all = subject.allocate(4 * MIB)
    expect(all?.chunks.every(({ physical }) => physical < 4 * MIB)).toBe(true)
    expect(subject.allocate(PAGE_SIZE)).toBeUndefined()
    const first = subject.allocate(MIB + PAGE_SIZE, { area: 'cma' })
    expect(first?.chunks).toEqual([{ physical: 4 * MIB, offset: 0, length: MIB + PAGE_SIZE }])
    // cma_alloc aligns to 1 MiB at most.
    const second = subject.allocate(3 * PAGE_SIZE, { area: 'cma' })
    expect(second?.chunks[0]?.physical).toBe(5 * MIB + 4 * PAGE_SIZE)
    expect(subject.allocate(3 * MIB, { area: 'cma' })).toBeUndefined()
    expect(subject.liveBytes).toBe(5 * MIB + 4 * PAGE_SIZE)
    for (const storage of [first, second]) if (storage !== undefined) subject.free(storage)
    expect(subject.allocate(4 * MIB, { area: 'cma' })?.chunks).toHaveLength(1)
    if (all !== undefined) subject.free(all)
    expect(subject.liveBytes).toBe(4 * MIB)
  })

  it('of a fragmented machine are pieces of which none is followed by the next', () => {
    const subject = ram({ fragmented: true })
    const pieces = subject.allocate(MIB + 3 * PAGE_SIZE)?.chunks ?? []
    expect(pieces).toHaveLength(4)
    pieces.reduce((before, piece) => {
      expect(piece.physical).not.toBe(before.physical + before.length)
      return piece
    })
    expect(subject.allocate(3 * PAGE_SIZE, { contiguous: true })?.chunks).toHaveLength(1)
  })

  it('of the zone that were freed are not given to those who did not ask', () => {
    const subject = ram({ normal: 4 * MIB })
    const low = subject.allocate(PAGE_SIZE, { below: 4 * MIB })
    if (low === undefined) throw new Error('no frame')
    subject.free(low)
    expect(subject.allocate(PAGE_SIZE)).not.toBe(low)
    expect(subject.allocate(PAGE_SIZE, { below: 4 * MIB })).toBe(low)
  })

  it('lie in one piece, aligned to it, when that is asked', () => {
    const subject = ram()
    subject.allocate(PAGE_SIZE)
    const piece = subject.allocate(3 * PAGE_SIZE, { contiguous: true })
    expect(piece?.chunks).toEqual([{ physical: 4 * PAGE_SIZE, offset: 0, length: 3 * PAGE_SIZE }])
    expect(subject.allocate(3 * PAGE_SIZE)?.chunks).toHaveLength(3)
  })

  it('of the bounce pool are nobody’s', () => {
    const subject = ram({ reserved: { base: 0, size: 4 * MIB } })
    expect(subject.availableBytes).toBe(4 * MIB)
    expect(subject.allocate(5 * MIB)).toBeUndefined()
    const all = subject.allocate(4 * MIB)
    expect(all?.chunks.every(({ physical }) => physical >= 4 * MIB)).toBe(true)
  })

  it('of sizes that nobody asks for are taken apart when others need them', () => {
    const subject = ram()
    const first = Array.from({ length: 8 }, () => subject.allocate(MIB))
    for (const storage of first) if (storage !== undefined) subject.free(storage)
    const whole = subject.allocate(8 * MIB, { contiguous: true })
    expect(whole?.chunks).toEqual([{ physical: 0, offset: 0, length: 8 * MIB }])
    expect(subject.at(5)?.storage).toBe(whole)
  })

  it('are found by address, live or freed', () => {
    const subject = ram()
    const one = subject.allocate(2 * PAGE_SIZE)
    const two = subject.allocate(PAGE_SIZE)
    expect(subject.at(PAGE_SIZE + 7)).toEqual({
      storage: one,
      offset: PAGE_SIZE + 7,
      length: PAGE_SIZE - 7,
    })
    expect(subject.at(2 * PAGE_SIZE)?.storage).toBe(two)
    expect(subject.at(3 * PAGE_SIZE)).toBeUndefined()
    if (one !== undefined) subject.free(one)
    expect(subject.at(0)?.storage).toBe(one)
  })

  it('are not there when their allocation is made to fail', () => {
    let fails = true
    const subject = ram({ failsNow: () => fails })
    expect(subject.allocate(PAGE_SIZE)).toBeUndefined()
    fails = false
    expect(subject.allocate(PAGE_SIZE)).toBeDefined()
  })
})
