/** The memory that a device reaches without an IOMMU: the current owner of the frames. */
import { describe, expect, it } from 'vitest'
import { armSoc } from '../../src/boards/arm-soc.ts'
import { pcBounce } from '../../src/boards/pc-bounce.ts'
import { rpi4 } from '../../src/boards/rpi4.ts'
import { bytes, PAGE, Rig } from './rig.ts'

describe('without an IOMMU', () => {
  it('reaches the next owner of the frames through a dead mapping', () => {
    const rig = new Rig(armSoc)
    const first = rig.memory(PAGE)
    const mapping = rig.map(first, 'gpu', 'from-device')
    rig.dma.unmap(mapping)
    first.free()
    const next = rig.memory(PAGE)
    next.fill(1)
    rig.deviceStores(mapping, 0, bytes(8, 9))
    expect(rig.seen(next).subarray(6, 10)).toEqual(new Uint8Array([9, 9, 1, 1]))
    expect(rig.of('device-fault')).toEqual([])
  })

  it('runs over into the neighbour, and names whose memory that is', () => {
    const rig = new Rig(armSoc)
    const memory = rig.memory(PAGE)
    const neighbour = rig.memory(PAGE)
    memory.fill(0)
    neighbour.fill(1)
    rig.map(neighbour, 'camera', 'to-device')
    const mapping = rig.map(memory, 'gpu', 'from-device')
    expect(neighbour.table.segments[0]?.physical).toBe(mapping.address + PAGE)
    rig.deviceStores(mapping, PAGE - 4, bytes(8, 9))
    expect(rig.seen(neighbour).subarray(0, 5)).toEqual(new Uint8Array([9, 9, 9, 9, 1]))
    expect(rig.of('device-store').map(({ buffer, range }) => [buffer, range])).toEqual([
      [memory.id, { start: PAGE - 4, end: PAGE }],
      [neighbour.id, { start: 0, end: 4 }],
    ])
  })

  it('meets nobody where no memory was ever handed out', () => {
    const rig = new Rig(armSoc)
    const mapping = rig.map(rig.memory(PAGE), 'gpu', 'bidirectional')
    const seen = rig.reached(mapping, PAGE - 2, 2 + PAGE)
    expect(seen.subarray(2)).toEqual(new Uint8Array(PAGE))
    expect(rig.of('device-fault')).toMatchObject([
      { reason: 'out-of-range', access: 'read', range: { start: PAGE, end: 2 * PAGE } },
    ])
  })

  it('finds live and dead mappings by address, and the bounce copy of one', () => {
    const rig = new Rig(pcBounce)
    const memory = rig.memory(PAGE)
    memory.fill(4)
    const mapping = rig.map(memory, 'camera', 'bidirectional')
    const seen = new Uint8Array(2)
    rig.dma.busLoad('camera', mapping.address + 10, seen)
    expect([...seen]).toEqual([4, 4])
    expect(rig.of('device-load').at(-1)).toMatchObject({
      buffer: memory.id,
      mapping: mapping.id,
      bounced: true,
      range: { start: 10, end: 12 },
    })
    rig.dma.unmap(mapping)
    rig.dma.busStore('camera', mapping.address, bytes(1, 8))
    expect(rig.of('device-store').at(-1)).toMatchObject({ mapping: mapping.id })
    expect(rig.seen(memory)[0]).toBe(4)
  })

  it('cannot put an address on the bus that is beyond its reach', () => {
    const rig = new Rig(rpi4)
    const memory = rig.memory(PAGE)
    const address = memory.table.segments[0]?.physical as number
    rig.dma.busStore('camera', address, bytes(1, 8))
    expect(rig.of('device-fault')).toHaveLength(1)
    rig.dma.busStore('gpu', address, bytes(1, 8))
    expect(rig.of('device-fault')).toHaveLength(1)
    expect(rig.seen(memory)[0]).toBe(8)
  })

  it('tells an access by the buffer, where the mapping begins further on in it', () => {
    const rig = new Rig(armSoc)
    const memory = rig.memory(2 * PAGE)
    const driver = { name: 'd', modelled: false }
    const table = memory.part(PAGE, PAGE)
    const request = { device: 'camera', direction: 'bidirectional', buffer: 3, driver } as const
    const mapping = rig.dma.map({ ...request, table, offset: PAGE })
    rig.dma.syncForDevice(mapping, 'to-device', { start: 0, end: 64 })
    memory.store(PAGE + 8, bytes(4, 1))
    rig.reached(mapping, 0, 16)
    const load = rig.of('device-load').at(-1)
    expect(load?.range).toEqual({ start: PAGE, end: PAGE + 16 })
    expect(load?.hazards.map(({ range }) => range)).toEqual([{ start: PAGE + 8, end: PAGE + 12 }])
    expect(rig.of('maintenance').map(({ range }) => range)).toEqual([
      { start: PAGE, end: 2 * PAGE },
      { start: PAGE, end: PAGE + 64 },
    ])
    expect(rig.of('dma-sync')[0]?.range).toEqual({ start: PAGE, end: PAGE + 64 })
  })
})
