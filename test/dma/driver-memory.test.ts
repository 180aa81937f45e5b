/** Drivers' own allocations, alone or together with a mapping; masks of devices. */
import { describe, expect, it } from 'vitest'
import { armSoc } from '../../src/boards/arm-soc.ts'
import { armSocIommu } from '../../src/boards/arm-soc-iommu.ts'
import { pc } from '../../src/boards/pc.ts'
import { pcBounce } from '../../src/boards/pc-bounce.ts'
import { rpi4 } from '../../src/boards/rpi4.ts'
import { DMA_MAPPING_ERROR } from '../../src/kernel/dma/mapping.ts'
import { bytes, DRIVER, PAGE, Rig } from './rig.ts'

describe('memory of a driver', () => {
  it('is announced below zero, and told of through loads, stores and its release', () => {
    const rig = new Rig(armSoc)
    const memory = rig.memory(100, 'kmalloc')
    memory.store(10, bytes(5, 1))
    memory.load(10, new Uint8Array(5))
    expect(memory.free()).toBe(true)
    expect(memory.free()).toBe(false)
    expect(rig.events.map(({ kind }) => kind)).toEqual([
      'memory',
      'cpu-store',
      'cpu-load',
      'release',
    ])
    expect(rig.of('memory')[0]).toMatchObject({
      buffer: -1,
      size: 100,
      what: 'kmalloc memory of test driver',
      agent: { kind: 'kernel', name: 'test driver' },
    })
    expect(rig.of('cpu-load')[0]).toMatchObject({ range: { start: 10, end: 15 }, seen: 'exact' })
    expect(rig.machine.ram.liveBytes).toBe(0)
  })

  it('two pieces of a page share the line between them', () => {
    const rig = new Rig({ ...armSoc, edges: 'invalidate' })
    const page = rig.memory(PAGE)
    const [status, other] = [page.piece(0, 32, 'status'), page.piece(32, 32, 'counters')]
    const mapping = rig.dma.mapSingle({
      device: 'camera',
      memory: status,
      direction: 'from-device',
    })
    other.store(0, bytes(32, 7))
    rig.dma.syncForCpu(mapping, 'from-device')
    other.load(0, new Uint8Array(32))
    expect(rig.of('cpu-load')[0]).toMatchObject({
      buffer: other.id,
      hazards: [{ range: { start: 0, end: 32 }, kind: 'lost' }],
    })
  })

  it('stays within its bounds', () => {
    const memory = new Rig(armSoc).memory(100, 'kmalloc')
    expect(() => memory.store(90, bytes(11, 1))).toThrow('beyond the 100 of kmalloc memory')
    expect(() => memory.piece(0, 101, 'x')).toThrow(RangeError)
  })

  it('is ENOMEM when there is none, EINVAL for no bytes', () => {
    const rig = new Rig(armSoc)
    expect(() => rig.memory(4 * 2 ** 30)).toThrow('ENOMEM')
    expect(() => rig.memory(0)).toThrow('EINVAL')
    rig.machine.faults.plan('alloc_pages', 1, 'ENOMEM')
    const counted = rig.machine.faults.counts.get('alloc_pages') ?? 0
    rig.machine.faults.plan('alloc_pages', counted + 1, 'ENOMEM')
    expect(() => rig.memory(PAGE)).toThrow('ENOMEM')
  })
})

describe('single mappings', () => {
  it('are mapped with their bytes of the page, and tell of an error', () => {
    const rig = new Rig(armSoc)
    const memory = rig.memory(PAGE)
    const request = { device: 'camera', memory, direction: 'to-device' } as const
    const mapping = rig.dma.mapPage({ ...request, offset: 0x123, size: 64 })
    expect(rig.dma.mappingError(mapping)).toBe(false)
    expect(mapping.address).toBe((memory.table.segments[0]?.physical ?? 0) + 0x123)
    expect(mapping.segments).toEqual([{ address: mapping.address, length: 64 }])
    rig.machine.faults.plan('dma_map_page', 2, 'ENOMEM')
    const failed = rig.dma.mapPage(request)
    expect(rig.dma.mappingError(failed)).toBe(true)
    expect(failed.address).toBe(DMA_MAPPING_ERROR)
    expect(rig.dma.isMapping(failed) && rig.dma.isMapping(mapping)).toBe(true)
    expect(rig.dma.isMapping({ ...mapping })).toBe(false)
    expect(rig.of('dma-map')).toHaveLength(1)
  })

  it('fail where the pool is full, without a report', () => {
    const rig = new Rig(pcBounce)
    const memory = rig.memory(512 * 1024)
    const mapping = rig.dma.mapSingle({ device: 'camera', memory, direction: 'to-device' })
    expect(rig.dma.mappingError(mapping)).toBe(true)
    expect(rig.misuse).toEqual([])
  })
})

describe('coherent memory', () => {
  const request = { device: 'camera', size: 5000, driver: DRIVER, what: 'ring' } as const

  it('is zeroed, in one piece, and past the cache where the device does not snoop', () => {
    const rig = new Rig(armSoc)
    const { memory, mapping } = rig.dma.allocCoherent(request)
    expect(memory.attribute).toBe('uncached')
    expect(mapping.segments).toEqual([{ address: mapping.address, length: 5000 }])
    expect(rig.reached(mapping)).toEqual(new Uint8Array(5000))
    memory.store(0, bytes(4, 1))
    expect(rig.reached(mapping, 0, 4)).toEqual(bytes(4, 1))
    rig.deviceStores(mapping, 0, bytes(4, 2))
    expect(rig.seen(memory)[0]).toBe(2)
    expect(rig.of('device-load').every(({ hazards }) => hazards.length === 0)).toBe(true)
    expect(rig.of('cpu-load').every(({ hazards }) => hazards.length === 0)).toBe(true)
    rig.dma.free({ memory, mapping })
    expect(rig.machine.ram.liveBytes).toBe(0)
    expect(rig.misuse).toEqual([])
  })

  it('is write-combined when that is asked, and cached on a coherent board', () => {
    const wc = { ...request, attribute: 'write-combine' } as const
    expect(new Rig(armSoc).dma.allocCoherent(wc).memory.attribute).toBe('write-combine')
    expect(new Rig(pc).dma.allocCoherent(wc).memory.attribute).toBe('cached')
  })

  it('comes from the zone that the device reaches, and is never bounced', () => {
    const rig = new Rig(rpi4)
    const { mapping } = rig.dma.allocCoherent(request)
    expect(mapping.address).toBeLessThan(2 ** 30)
    expect(mapping.bounce).toBeUndefined()
    expect(new Rig(pcBounce).dma.allocCoherent(request).mapping.bounce).toBeUndefined()
    const behind = new Rig(armSocIommu).dma.allocCoherent(request)
    expect(behind.mapping.segments).toHaveLength(1)
  })

  it('leaves nothing behind when it fails', () => {
    const rig = new Rig(armSoc)
    rig.machine.faults.plan('dma_alloc_coherent', 1, 'ENOMEM')
    expect(() => rig.dma.allocCoherent(request)).toThrow('ENOMEM')
    rig.machine.faults.plan('alloc_pages', 1, 'ENOMEM')
    expect(() => rig.dma.allocCoherent(request)).toThrow('ENOMEM')
    const narrow = new Rig(armSocIommu)
    narrow.dma.devices.setMask('camera', 12)
    expect(() => narrow.dma.allocCoherent(request)).toThrow('ENOMEM')
    expect([rig, narrow].map(({ machine }) => machine.ram.liveBytes)).toEqual([0, 0])
  })

  it('freed twice is reported, and its frames are freed once', () => {
    const rig = new Rig(armSoc)
    const allocated = rig.dma.allocCoherent(request)
    rig.dma.free(allocated)
    rig.dma.free(allocated)
    expect(rig.misuse).toEqual(['unmap-unknown'])
    expect(rig.machine.ram.liveBytes).toBe(0)
  })

  it('that is not coherent is synced like a streaming mapping', () => {
    const rig = new Rig(armSoc)
    const { memory, mapping } = rig.dma.allocNoncoherent({ ...request, direction: 'bidirectional' })
    expect(memory.attribute).toBe('cached')
    memory.store(0, bytes(4, 1))
    rig.reached(mapping, 0, 4)
    expect(rig.of('device-load').at(-1)?.hazards).toMatchObject([{ kind: 'memory-behind' }])
    rig.dma.syncForDevice(mapping, 'bidirectional')
    expect(rig.reached(mapping, 0, 4)).toEqual(bytes(4, 1))
    expect(rig.of('device-load').at(-1)?.hazards).toEqual([])
    rig.dma.free({ memory, mapping }, { as: 'coherent' })
    expect(rig.misuse).toEqual(['unmap-function'])
  })
})

describe('masks and limits', () => {
  it('a mask below the RAM and its zone is EIO, one of 32 bits is not', () => {
    const { devices } = new Rig(armSoc).dma
    expect(() => devices.setMask('camera', 31)).toThrow('EIO')
    devices.setMask('camera', 32)
    expect(devices.reach('camera')).toBe(2 ** 32)
    const zoned = new Rig(rpi4).dma.devices
    zoned.setMask('gpu', 30)
    expect(() => zoned.setMask('gpu', 29)).toThrow('EIO')
    new Rig(armSocIommu).dma.devices.setMask('camera', 16)
  })

  it('a mask narrows what the board says, and never widens it', () => {
    const { devices } = new Rig(rpi4).dma
    devices.setMask('camera', 64)
    expect(devices.reach('camera')).toBe(2 ** 30)
    devices.setMask('gpu', 31)
    expect(devices.reach('gpu')).toBe(2 ** 31)
    expect(() => devices.setMask('gpu', 65)).toThrow(RangeError)
    expect(() => devices.set('gpu', { segmentBoundaryMask: 1000 })).toThrow('2 ** n - 1')
    expect(() => devices.set('gpu', { maxSegmentSize: 0 })).toThrow('maxSegmentSize is 0')
  })

  it('are forgotten with the driver', () => {
    const { dma } = new Rig(armSoc)
    dma.devices.set('camera', { maxSegmentSize: 1 })
    dma.removeDevice('camera')
    expect(dma.devices.of('camera').maxSegmentSize).toBe(64 * 1024)
  })
})
