/** Bounce copies are made exactly where Linux makes them: a naive machine of two arrays says where. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pcBounce } from '../../src/boards/pc-bounce.ts'
import { rpi4 } from '../../src/boards/rpi4.ts'
import type { DmaDirection, Range } from '../../src/events/event.ts'
import type { KernelMemory } from '../../src/kernel/dma/kernel-memory.ts'
import type { DmaMapping } from '../../src/kernel/dma/mapping.ts'
import { bytes, PAGE, Rig } from './rig.ts'

const DIRECTIONS: readonly DmaDirection[] = ['to-device', 'from-device', 'bidirectional']
const SIZE = 2 * PAGE

/** Original and copy, and Linux's rules of which is copied over the other. */
class Naive {
  readonly original = new Uint8Array(SIZE)
  readonly copy = new Uint8Array(SIZE)
  mapped = false

  map(): void {
    this.copy.set(this.original)
    this.mapped = true
  }

  unmap(direction: DmaDirection, skip: boolean): void {
    if (direction !== 'to-device' && !skip) this.original.set(this.copy)
    this.mapped = false
  }

  sync(to: 'cpu' | 'device', direction: DmaDirection, { start, end }: Range): void {
    if (to === 'device' && direction !== 'from-device') {
      this.copy.set(this.original.subarray(start, end), start)
    }
    if (to === 'cpu' && direction !== 'to-device') {
      this.original.set(this.copy.subarray(start, end), start)
    }
  }
}

type Op =
  | { readonly op: 'map'; readonly direction: DmaDirection; readonly skip: boolean }
  | { readonly op: 'unmap'; readonly skip: boolean }
  | {
      readonly op: 'sync'
      readonly to: 'cpu' | 'device'
      readonly direction: DmaDirection
      readonly range: Range
    }
  | { readonly op: 'cpu-store' | 'device-store'; readonly range: Range; readonly value: number }

const range = fc
  .tuple(fc.nat(SIZE - 1), fc.integer({ min: 1, max: SIZE }))
  .map(([start, length]) => ({ start, end: Math.min(SIZE, start + length) }))
const direction = fc.constantFrom(...DIRECTIONS)
const anyOp: fc.Arbitrary<Op> = fc.oneof(
  fc.record({ op: fc.constant('map' as const), direction, skip: fc.boolean() }),
  fc.record({ op: fc.constant('unmap' as const), skip: fc.boolean() }),
  fc.record({
    op: fc.constant('sync' as const),
    to: fc.constantFrom<'cpu' | 'device'>('cpu', 'device'),
    direction,
    range,
  }),
  fc.record({
    op: fc.constantFrom<'cpu-store' | 'device-store'>('cpu-store', 'device-store'),
    range,
    value: fc.integer({ min: 1, max: 255 }),
  }),
)

class Both {
  readonly rig = new Rig(pcBounce)
  readonly naive = new Naive()
  readonly memory: KernelMemory
  mapping: DmaMapping | undefined

  constructor() {
    this.memory = this.rig.memory(SIZE)
    this.memory.fill(0)
  }

  run(op: Op): void {
    if (op.op === 'map') {
      if (this.mapping !== undefined) return
      this.mapping = this.rig.map(this.memory, 'camera', op.direction, { skipCpuSync: op.skip })
      this.naive.map()
      return
    }
    if (op.op === 'cpu-store') {
      this.memory.store(op.range.start, bytes(op.range.end - op.range.start, op.value))
      this.naive.original.fill(op.value, op.range.start, op.range.end)
      return
    }
    const { mapping } = this
    if (mapping === undefined) return
    if (op.op === 'device-store') {
      const source = bytes(op.range.end - op.range.start, op.value)
      this.rig.deviceStores(mapping, op.range.start, source)
      this.naive.copy.fill(op.value, op.range.start, op.range.end)
    } else if (op.op === 'sync') {
      const sync = op.to === 'cpu' ? 'syncForCpu' : 'syncForDevice'
      this.rig.dma[sync](mapping, op.direction, op.range)
      this.naive.sync(op.to, op.direction, op.range)
    } else if (op.op === 'unmap') {
      this.rig.dma.unmap(mapping, { skipCpuSync: op.skip })
      this.naive.unmap(mapping.direction, op.skip)
      this.mapping = undefined
    }
  }

  compare(): void {
    expect(firstDifference(this.rig.seen(this.memory), this.naive.original)).toBe(-1)
    if (this.mapping !== undefined) {
      expect(firstDifference(this.rig.reached(this.mapping), this.naive.copy)).toBe(-1)
    }
  }
}

function firstDifference(a: Uint8Array, b: Uint8Array): number {
  expect(a.length).toBe(b.length)
  return a.findIndex((byte, i) => byte !== b[i])
}

describe('every direction, operation and skip', () => {
  for (const mapped of DIRECTIONS) {
    for (const skip of [false, true]) {
      for (const to of ['cpu', 'device'] as const) {
        for (const synced of DIRECTIONS) {
          it(`map ${mapped}${skip ? ', skipping' : ''}; sync ${synced} for ${to}; unmap`, () => {
            const both = new Both()
            both.run({ op: 'cpu-store', range: { start: 0, end: SIZE }, value: 1 })
            both.run({ op: 'map', direction: mapped, skip })
            both.compare()
            both.run({ op: 'device-store', range: { start: 10, end: 3000 }, value: 2 })
            both.run({ op: 'cpu-store', range: { start: 2000, end: 5000 }, value: 3 })
            both.run({ op: 'sync', to, direction: synced, range: { start: 1000, end: 4500 } })
            both.compare()
            both.run({ op: 'unmap', skip })
            both.compare()
          })
        }
      }
    }
  }

  it('in any order', () => {
    fc.assert(
      fc.property(fc.array(anyOp, { maxLength: 25 }), (ops) => {
        const both = new Both()
        for (const op of ops) {
          both.run(op)
          both.compare()
        }
      }),
      { numRuns: 300 },
    )
  })
})

describe('what is told and counted', () => {
  it('tells each copy with the buffer range it moved, before the call it belongs to', () => {
    const rig = new Rig(pcBounce)
    const memory = rig.memory(SIZE)
    const mapping = rig.map(memory, 'camera', 'bidirectional')
    rig.dma.syncForCpu(mapping, 'from-device', { start: 100, end: 300 })
    rig.dma.syncForDevice(mapping, 'from-device', { start: 100, end: 300 })
    rig.dma.unmap(mapping)
    const told = rig.events
      .filter(({ kind }) => ['bounce-copy', 'dma-map', 'dma-sync', 'dma-unmap'].includes(kind))
      .map((event) => (event.kind === 'bounce-copy' ? [event.to, event.range] : event.kind))
    expect(told).toEqual([
      ['bounce', { start: 0, end: SIZE }],
      'dma-map',
      ['original', { start: 100, end: 300 }],
      'dma-sync',
      'dma-sync',
      ['original', { start: 0, end: SIZE }],
      'dma-unmap',
    ])
    expect(rig.machine.cost.bounced).toBe(2 * SIZE + 200)
    expect(rig.of('dma-map')[0]?.bounced).toEqual([{ start: 0, end: SIZE }])
  })

  it('keeps two copies for two mappings of one buffer', () => {
    const rig = new Rig(pcBounce)
    const memory = rig.memory(PAGE)
    memory.fill(1)
    const one = rig.map(memory, 'camera', 'bidirectional')
    const two = rig.map(memory, 'display', 'bidirectional')
    rig.deviceStores(one, 0, bytes(PAGE, 2))
    expect(rig.reached(two)[0]).toBe(1)
    rig.dma.syncForCpu(one, 'from-device')
    expect(rig.seen(memory)[0]).toBe(2)
    expect(rig.reached(two)[0]).toBe(1)
    expect(one.address).not.toBe(two.address)
  })

  it('gives the next mapping of the same shape the same slots', () => {
    const rig = new Rig(pcBounce)
    const memory = rig.memory(PAGE)
    const first = rig.map(memory, 'camera', 'bidirectional')
    rig.dma.unmap(first)
    expect(rig.map(memory, 'camera', 'bidirectional').address).toBe(first.address)
  })
})

describe('caches of a board that bounces and does not snoop', () => {
  it('maintains the lines of the copy, and leaves those of the original as they are', () => {
    const rig = new Rig(rpi4)
    const memory = rig.memory(PAGE)
    memory.fill(7)
    const bounced = rig.map(memory, 'camera', 'to-device')
    expect(bounced.bounce).toBeDefined()
    expect(rig.reached(bounced)).toEqual(bytes(PAGE, 7))
    expect(rig.of('device-load').at(-1)).toMatchObject({ hazards: [], bounced: true })
    // The GPU reaches the original, whose lines were not cleaned.
    const direct = rig.map(memory, 'gpu', 'to-device', { skipCpuSync: true })
    expect(direct.bounce).toBeUndefined()
    rig.reached(direct)
    const [hazard] = rig.of('device-load').at(-1)?.hazards ?? []
    expect(hazard).toMatchObject({ kind: 'memory-behind', wrongNow: true })
  })

  it('loses nothing over a whole frame: device stores, sync for the CPU, load', () => {
    const rig = new Rig(rpi4)
    const memory = rig.memory(3 * PAGE)
    memory.fill(1)
    const mapping = rig.map(memory, 'camera', 'from-device')
    rig.deviceStores(mapping, 100, bytes(5000, 9))
    rig.dma.syncForCpu(mapping, 'from-device')
    const now = rig.seen(memory)
    expect([now[99], now[100], now[5099], now[5100]]).toEqual([1, 9, 9, 1])
    expect(rig.of('cpu-load').at(-1)?.hazards).toEqual([])
  })

  it('bounces only the segments that lie out of reach', () => {
    const rig = new Rig(rpi4)
    const high = rig.memory(PAGE)
    const low = rig.memory(PAGE, 'pages', 2 ** 30)
    high.fill(1)
    low.fill(2)
    const runs = [...low.table.runs, ...high.table.runs]
    const segments = [...low.table.segments, ...high.table.segments]
    const table = { runs, segments, size: 2 * PAGE }
    const driver = { name: 'gather', modelled: false }
    const mapping = rig.dma.map({
      device: 'camera',
      table,
      direction: 'bidirectional',
      buffer: 5,
      driver,
    })
    expect(mapping.bounce?.ranges).toEqual([{ start: PAGE, end: 2 * PAGE }])
    expect(mapping.segments[0]?.address).toBe(low.table.segments[0]?.physical)
    expect(mapping.segments[1]?.address).toBeLessThan(2 ** 30)
    expect(rig.reached(mapping, PAGE - 1, 2)).toEqual(new Uint8Array([2, 1]))
  })

  it('needs no copy for a driver that narrows nothing, and one for a mask that excludes the memory', () => {
    const rig = new Rig(rpi4)
    const memory = rig.memory(PAGE)
    expect(rig.map(memory, 'gpu', 'to-device').bounce).toBeUndefined()
    rig.dma.devices.setMask('gpu', 30)
    expect(rig.map(memory, 'gpu', 'to-device').bounce).toBeDefined()
  })
})
