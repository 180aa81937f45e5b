/** Slots and limits of the bounce pool. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pcBounce } from '../../src/boards/pc-bounce.ts'
import { rpi4 } from '../../src/boards/rpi4.ts'
import {
  type Area,
  BouncePool,
  LARGEST_PIECE,
  type PieceRequest,
} from '../../src/kernel/dma/bounce/bounce-pool.ts'
import { type Board, SLOT_SIZE } from '../../src/machine/board.ts'
import { PAGE, Rig } from './rig.ts'

const POOL = { base: pcBounce.ram.base, size: 4 * LARGEST_PIECE, forced: true }
const small: Board = { ...pcBounce, name: 'small-pool', bounce: POOL, judgedAs: undefined }

function pool(): BouncePool {
  return new BouncePool(new Rig(small).machine, POOL)
}

const piece = (length: number): PieceRequest => ({ length, offset: 0 })

describe('the pool', () => {
  it('never gives a slot twice, and none beyond a border of 128', () => {
    const lengths = fc.array(fc.integer({ min: 1, max: LARGEST_PIECE }), {
      minLength: 1,
      maxLength: 4,
    })
    const action = fc.oneof(
      lengths.map((take) => ({ take })),
      fc.nat(20).map((give) => ({ give })),
    )
    fc.assert(
      fc.property(fc.array(action, { maxLength: 30 }), (actions) => {
        const subject = pool()
        const held: { area: Area; lengths: readonly number[] }[] = []
        for (const step of actions) {
          if ('give' in step) {
            const [one] = held.splice(step.give % Math.max(1, held.length), 1)
            if (one !== undefined) subject.give(one.area)
          } else {
            try {
              held.push({ area: subject.take(step.take.map(piece), 1), lengths: step.take })
            } catch (error) {
              expect((error as { code: string }).code).toBe('EIO')
            }
          }
          checkHeld(subject, held)
        }
      }),
      { numRuns: 200 },
    )
  })

  it('takes all pieces or none', () => {
    const subject = pool()
    const held = subject.take([piece(LARGEST_PIECE), piece(LARGEST_PIECE)], 1)
    const most = [piece(LARGEST_PIECE), piece(LARGEST_PIECE), piece(1)]
    expect(() => subject.take(most, 1)).toThrow(
      'swiotlb buffer is full (sz: 1 bytes), total 512 (slots), used 256 (slots)',
    )
    expect(subject.used).toBe(256)
    expect(subject.take(most.slice(0, 2), 1).addresses).toHaveLength(2)
    subject.give(held)
  })

  it('breaks up what was given back when another shape needs the slots', () => {
    const subject = pool()
    const areas = Array.from({ length: 512 }, () => subject.take([piece(1)], 1))
    expect(() => subject.take([piece(1)], 1)).toThrow('full')
    for (const area of areas) subject.give(area)
    expect(subject.take(Array(4).fill(piece(LARGEST_PIECE)), 1).slots).toBe(512)
  })

  it('keeps the low bits that a device asks for', () => {
    const subject = pool()
    const area = subject.take([{ length: 100, offset: 0x234 }], 4096)
    expect((area.addresses[0] as number) % 4096).toBe(0x234)
    expect(area.places[0]).toBe(0x234)
  })
})

function checkHeld(
  subject: BouncePool,
  held: readonly { area: Area; lengths: readonly number[] }[],
): void {
  const slots = new Set<number>()
  let count = 0
  for (const { area, lengths } of held) {
    for (const [i, length] of lengths.entries()) {
      const start = area.addresses[i] as number
      const first = Math.floor((start - POOL.base) / SLOT_SIZE)
      const last = Math.floor((start + length - 1 - POOL.base) / SLOT_SIZE)
      expect(first).toBeGreaterThanOrEqual(0)
      expect(last).toBeLessThan(512)
      expect(Math.floor(first / 128)).toBe(Math.floor(last / 128))
      for (let slot = first; slot <= last; slot++) slots.add(slot)
      count += last - first + 1
    }
  }
  expect(slots.size).toBe(count)
  expect(subject.used).toBe(count)
}

describe('mapping', () => {
  it('refuses a segment above 256 KiB, and takes one of 256 KiB', () => {
    const rig = new Rig(pcBounce)
    rig.dma.devices.set('camera', { maxSegmentSize: LARGEST_PIECE })
    const largest = rig.memory(LARGEST_PIECE)
    expect(rig.map(largest, 'camera', 'to-device').live).toBe(true)
    const longer = rig.memory(LARGEST_PIECE + PAGE)
    expect(longer.table.segments).toHaveLength(1)
    expect(() => rig.map(longer, 'camera', 'to-device')).toThrow(
      `EIO: swiotlb buffer is full (sz: ${LARGEST_PIECE + PAGE} bytes)`,
    )
    expect(rig.misuse).toEqual([])
  })

  it('tells the longest that can be mapped', () => {
    const { dma } = new Rig(rpi4)
    expect(dma.maxMappingSize('camera')).toBe(LARGEST_PIECE)
    dma.devices.set('camera', { minAlignMask: PAGE - 1 })
    expect(dma.maxMappingSize('camera')).toBe(LARGEST_PIECE - PAGE)
    expect(dma.maxMappingSize('gpu')).toBe(Number.POSITIVE_INFINITY)
  })

  it('is refused where the device does not reach the pool either', () => {
    const rig = new Rig(rpi4)
    rig.dma.devices.set('camera', { mask: 29 })
    const memory = rig.memory(PAGE)
    expect(() => rig.map(memory, 'camera', 'to-device')).toThrow('swiotlb addr')
    expect(rig.misuse).toEqual(['address-overflow'])
  })

  it('unwinds whichever slot allocation fails', () => {
    const scattered = { ...pcBounce, name: 'scattered' }
    for (let nth = 1; nth <= 5; nth++) {
      const rig = new Rig(scattered)
      const parts = [1, 2, 3, 4, 5].map((size) => rig.memory(size * PAGE))
      // Gaps between the parts: five segments.
      const segments = parts.flatMap((part) => part.table.segments)
      const runs = parts.flatMap((part) => part.table.runs)
      const table = { segments, runs, size: 15 * PAGE }
      const request = { device: 'camera', table, direction: 'bidirectional', buffer: 1 } as const
      rig.machine.faults.plan('swiotlb_tbl_map_single', nth, 'ENOMEM')
      const before = rig.events.length
      const driver = { name: 'd', modelled: false }
      expect(() => rig.dma.map({ ...request, driver })).toThrow('EIO')
      expect(rig.dma.bouncePool?.used).toBe(0)
      expect(rig.events).toHaveLength(before)
      expect(rig.dma.mappingsOf('camera')).toEqual([])
      expect(parts.every(({ storage }) => (storage.mirrors?.asOriginal.size ?? 0) === 0)).toBe(true)
      const mapping = rig.dma.map({ ...request, driver })
      rig.dma.unmap(mapping)
      expect(rig.dma.bouncePool?.used).toBe(0)
    }
  })

  it('maps nothing when dma_map_sgtable is made to fail', () => {
    const rig = new Rig(pcBounce)
    const memory = rig.memory(PAGE)
    rig.machine.faults.plan('dma_map_sgtable', 1, 'EINVAL')
    expect(() => rig.map(memory, 'camera', 'to-device')).toThrow('EINVAL')
    expect(rig.dma.bouncePool?.used).toBe(0)
    expect(rig.of('dma-map')).toEqual([])
  })
})
