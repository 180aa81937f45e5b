/** Address spaces: joined segments, faults, and their time. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { armSocIommu } from '../../src/boards/arm-soc-iommu.ts'
import { layOut } from '../../src/kernel/dma/iommu/lay-out.ts'
import type { Segment } from '../../src/kernel/dma/sg-table.ts'
import type { Board } from '../../src/machine/board.ts'
import { bytes, PAGE, Rig } from './rig.ts'

const lazy: Board = { ...armSocIommu, name: 'lazy', iommu: { unmap: 'lazy' } }
const NO_LIMITS = { maxSegmentSize: 2 ** 32, segmentBoundaryMask: undefined }
const MS = 1_000_000

const segment = fc
  .tuple(fc.nat(1000), fc.constantFrom(0, 0, 0, 100, 4000), fc.integer({ min: 1, max: 3 * PAGE }))
  .map(([page, inPage, length]): Segment => ({ physical: page * PAGE + inPage, length }))

/** The address of byte `position` of the list, the slow way. */
function addressOf(
  segments: readonly { address: number; length: number }[],
  position: number,
): number {
  let left = position
  for (const { address, length } of segments) {
    if (left < length) return address + left
    left -= length
  }
  return -1
}

describe('joining', () => {
  it('gives the device the bytes in order, at addresses that lead to their pages', () => {
    const limits = fc.record({
      maxSegmentSize: fc.constantFrom(PAGE, 2 * PAGE, 64 * 1024),
      segmentBoundaryMask: fc.constantFrom(undefined, 4 * PAGE - 1, 64 * 1024 - 1),
    })
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 6 }), limits, (list, limit) => {
        const { pages, segments, size } = layOut(list, limit)
        const listed = list.map(({ physical, length }) => ({ address: physical, length }))
        const total = listed.reduce((sum, { length }) => sum + length, 0)
        expect(segments.reduce((sum, { length }) => sum + length, 0)).toBe(total)
        const wrong: number[] = []
        for (let position = 0; position < total; position += position % 61 === 0 ? 1 : 60) {
          const address = addressOf(segments, position)
          const run = pages.find(({ at, length }) => at <= address && address < at + length)
          const physical = run === undefined ? -1 : run.physical + address - run.at
          if (physical !== addressOf(listed, position)) wrong.push(position)
        }
        expect(wrong).toEqual([])
        for (const { address, length } of segments) {
          expect(address + length).toBeLessThanOrEqual(size)
          // A joined segment keeps the limit; one that came in longer stays as it came.
          const longest = Math.max(limit.maxSegmentSize, ...list.map((s) => s.length))
          expect(length).toBeLessThanOrEqual(longest)
        }
      }),
      { numRuns: 150 },
    )
  })

  const whole = (pages: number, count: number): Segment[] =>
    Array.from({ length: count }, (_, i) => ({ physical: i * 16 * PAGE, length: pages * PAGE }))

  it('makes one segment of whole pages, however scattered', () => {
    expect(layOut(whole(1, 8), NO_LIMITS).segments).toEqual([{ address: 0, length: 8 * PAGE }])
  })

  it('stops at the longest segment that the device takes', () => {
    const { segments } = layOut(whole(1, 8), { ...NO_LIMITS, maxSegmentSize: 3 * PAGE })
    expect(segments.map(({ length }) => length / PAGE)).toEqual([3, 3, 2])
  })

  it('stops where a segment does not fill its last page, or does not begin on one', () => {
    const list = [
      { physical: 0, length: PAGE },
      { physical: 8 * PAGE, length: 100 },
      { physical: 16 * PAGE, length: PAGE },
      { physical: 24 * PAGE + 8, length: PAGE - 8 },
    ]
    expect(layOut(list, NO_LIMITS).segments).toEqual([
      { address: 0, length: PAGE + 100 },
      { address: 2 * PAGE, length: PAGE },
      { address: 3 * PAGE + 8, length: PAGE - 8 },
    ])
  })

  it('joins nothing over a boundary, and leaves a gap rather than cross one', () => {
    const limits = { ...NO_LIMITS, segmentBoundaryMask: 4 * PAGE - 1 }
    expect(layOut(whole(3, 2), limits).segments).toEqual([
      { address: 0, length: 3 * PAGE },
      { address: 4 * PAGE, length: 3 * PAGE },
    ])
    expect(layOut(whole(1, 6), limits).segments.map(({ length }) => length / PAGE)).toEqual([4, 2])
  })
})

describe('addresses', () => {
  it('come from the top of the lower 4 GiB, and below the mask', () => {
    const rig = new Rig(armSocIommu)
    const memory = rig.memory(2 * PAGE)
    expect(rig.map(memory, 'camera', 'to-device').address).toBe(2 ** 32 - 2 * PAGE)
    expect(rig.map(memory, 'camera', 'to-device').address).toBe(2 ** 32 - 4 * PAGE)
    // Another device has a separate space.
    expect(rig.map(memory, 'display', 'to-device').address).toBe(2 ** 32 - 2 * PAGE)
    rig.dma.devices.setMask('gpu', 20)
    expect(rig.map(memory, 'gpu', 'to-device').address).toBe(2 ** 20 - 2 * PAGE)
  })

  it('run out with ENOMEM, and nothing is left behind', () => {
    const rig = new Rig(armSocIommu)
    rig.dma.devices.setMask('camera', 14)
    const memory = rig.memory(2 * PAGE)
    const first = rig.map(memory, 'camera', 'to-device')
    expect(() => rig.map(memory, 'camera', 'to-device')).toThrow('ENOMEM')
    expect(rig.dma.mappingsOf('camera')).toEqual([first])
    rig.dma.unmap(first)
    expect(rig.map(memory, 'camera', 'to-device').address).toBe(first.address)
  })

  it('above 4 GiB are used when those below are gone', () => {
    const rig = new Rig(armSocIommu)
    const domainSize = 2 ** 32
    const memory = rig.memory(2 ** 20)
    let last = 0
    for (let i = 0; i <= domainSize / 2 ** 20; i++)
      last = rig.map(memory, 'gpu', 'to-device').address
    expect(last).toBeGreaterThanOrEqual(domainSize)
  }, 30_000)
})

describe('faults', () => {
  it('strict: a dead mapping faults at once, reads zeros and stores nothing', () => {
    const rig = new Rig(armSocIommu)
    const memory = rig.memory(PAGE)
    memory.fill(5)
    const mapping = rig.map(memory, 'camera', 'bidirectional')
    expect(rig.reached(mapping)[0]).toBe(5)
    rig.dma.unmap(mapping)
    expect(rig.reached(mapping)).toEqual(new Uint8Array(PAGE))
    rig.deviceStores(mapping, 0, bytes(PAGE, 9))
    expect(rig.seen(memory)[0]).toBe(5)
    const faults = rig.of('device-fault')
    expect(faults.map(({ access, reason }) => [access, reason])).toEqual([
      ['read', 'unmapped'],
      ['write', 'unmapped'],
    ])
    expect(faults[0]).toMatchObject({
      buffer: memory.id,
      mapping: mapping.id,
      address: mapping.address,
      range: { start: 0, end: PAGE },
    })
  })

  async function reachesDead(board: Board, wait: number, unmaps = 0): Promise<boolean> {
    const rig = new Rig(board)
    const memory = rig.memory(PAGE)
    memory.fill(5)
    const mapping = rig.map(memory, 'gpu', 'bidirectional')
    rig.dma.unmap(mapping)
    const others = Array.from({ length: unmaps }, () => rig.map(memory, 'gpu', 'to-device'))
    for (const other of others) rig.dma.unmap(other)
    await rig.machine.scheduler.sleep(wait)
    return rig.reached(mapping)[0] === 5
  }

  it('lazy: a dead mapping is reached until 10 ms have passed', async () => {
    expect(await reachesDead(lazy, 9 * MS)).toBe(true)
    expect(await reachesDead(lazy, 10 * MS)).toBe(false)
    expect(await reachesDead(armSocIommu, 0)).toBe(false)
  })

  it('lazy: or until 256 are in the queue', async () => {
    expect(await reachesDead(lazy, 0, 255)).toBe(true)
    expect(await reachesDead(lazy, 0, 256)).toBe(false)
  })

  it('a mapping for reading cannot be written, nor one for writing read', () => {
    const rig = new Rig(armSocIommu)
    const memory = rig.memory(PAGE)
    memory.fill(3)
    const toDevice = rig.map(memory, 'gpu', 'to-device')
    const fromDevice = rig.map(memory, 'gpu', 'from-device')
    rig.deviceStores(toDevice, 0, bytes(10, 9))
    expect(rig.reached(fromDevice, 0, 10)).toEqual(new Uint8Array(10))
    expect(rig.of('device-fault').map(({ reason }) => reason)).toEqual(['read-only', 'write-only'])
    expect(rig.seen(memory)[0]).toBe(3)
    expect(rig.reached(toDevice, 0, 1)[0]).toBe(3)
  })

  it('goes beyond a mapping up to the end of its page, and faults behind that', () => {
    const rig = new Rig(armSocIommu)
    const page = rig.memory(PAGE)
    page.fill(1)
    const piece = page.piece(0, 100, 'status')
    const mapping = rig.map(piece, 'gpu', 'bidirectional')
    rig.deviceStores(mapping, 0, bytes(PAGE + 50, 7))
    expect(rig.seen(page)).toEqual(bytes(PAGE, 7))
    expect(rig.of('device-fault')).toMatchObject([
      { reason: 'out-of-range', range: { start: PAGE, end: PAGE + 50 }, mapping: mapping.id },
    ])
    expect(rig.of('device-store').map(({ range }) => range)).toEqual([
      { start: 0, end: 100 },
      { start: 100, end: PAGE },
    ])
  })
})

describe('by address', () => {
  it('reaches scattered memory through one joined segment', () => {
    const rig = new Rig(armSocIommu)
    const parts = [rig.memory(PAGE), rig.memory(PAGE), rig.memory(PAGE)].reverse()
    for (const [i, part] of parts.entries()) part.fill(i + 1)
    const mapping = rig.dma.map({
      device: 'gpu',
      table: {
        segments: parts.flatMap(({ table }) => table.segments),
        runs: parts.flatMap(({ table }) => table.runs),
        size: 3 * PAGE,
      },
      direction: 'bidirectional',
      buffer: 4,
      driver: { name: 'd', modelled: false },
    })
    expect(mapping.segments).toHaveLength(1)
    const seen = new Uint8Array(2)
    rig.dma.busLoad('gpu', mapping.address + PAGE - 1, seen)
    expect([...seen]).toEqual([1, 2])
    rig.dma.busStore('gpu', mapping.address + 2 * PAGE - 1, new Uint8Array([8, 9]))
    expect(rig.seen(parts[1] as (typeof parts)[0])[PAGE - 1]).toBe(8)
    expect(rig.seen(parts[2] as (typeof parts)[0])[0]).toBe(9)
    expect(rig.of('device-store').map(({ mapping: id, range }) => [id, range])).toEqual([
      [mapping.id, { start: 2 * PAGE - 1, end: 2 * PAGE }],
      [mapping.id, { start: 2 * PAGE, end: 2 * PAGE + 1 }],
    ])
  })

  it('faults at an address that nobody mapped', () => {
    const rig = new Rig(armSocIommu)
    const seen = bytes(4, 1)
    rig.dma.busLoad('gpu', 0x1000, seen)
    expect([...seen]).toEqual([0, 0, 0, 0])
    expect(rig.of('device-fault')).toMatchObject([{ reason: 'unmapped', address: 0x1000 }])
  })
})
