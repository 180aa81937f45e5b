/**
 * The reports of DMA-API debugging: each row as a driver gets it wrong, and a twin that is silent.
 */
import { describe, expect, it } from 'vitest'
import { armSoc } from '../../src/boards/arm-soc.ts'
import { armSocIommu } from '../../src/boards/arm-soc-iommu.ts'
import type { DmaDirection } from '../../src/events/event.ts'
import type { MisuseCode } from '../../src/events/misuse-code.ts'
import type { KernelMemory } from '../../src/kernel/dma/kernel-memory.ts'
import type { DmaMapping } from '../../src/kernel/dma/mapping.ts'
import { type SgTable, tableOf, tableOfPart } from '../../src/kernel/dma/sg-table.ts'
import type { Board } from '../../src/machine/board.ts'
import { DRIVER, PAGE, Rig } from './rig.ts'

interface Row {
  readonly row: number
  readonly code: MisuseCode
  readonly wrong: (rig: Rig) => void
  readonly right: (rig: Rig) => void
  /** The words of the message. */
  readonly text: string
  /** Other reports of the same call, as in the kernel. */
  readonly also?: readonly MisuseCode[]
  readonly board?: Board
}

function single(
  rig: Rig,
  memory: KernelMemory = rig.memory(PAGE, 'kmalloc'),
  direction: DmaDirection = 'bidirectional',
): DmaMapping {
  const mapping = rig.dma.mapSingle({ device: 'camera', memory, direction })
  rig.dma.mappingError(mapping)
  return mapping
}

const list = (rig: Rig, direction: DmaDirection = 'bidirectional'): DmaMapping =>
  rig.map(rig.memory(PAGE), 'camera', direction)

/** A list of three segments with gaps between them. */
function scattered(rig: Rig, direction: DmaDirection = 'from-device'): DmaMapping {
  const memory = rig.memory(6 * PAGE, 'vmalloc')
  const segments = [0, 2, 4].map((page) => ({
    physical: memory.storage.chunks[page]?.physical ?? 0,
    length: PAGE,
  }))
  const runs = [0, 2, 4].map((page) => ({
    storage: memory.storage,
    offset: page * PAGE,
    length: PAGE,
  }))
  const table = { segments, runs, size: 3 * PAGE }
  return rig.dma.map({ device: 'camera', table, direction, buffer: memory.id, driver: DRIVER })
}

const coherent = { device: 'camera', size: 100, driver: DRIVER } as const

const rows: readonly Row[] = [
  {
    row: 1,
    code: 'unmap-invalid',
    wrong: (rig) => {
      rig.machine.faults.plan('dma_map_page', 1, 'ENOMEM')
      rig.dma.unmap(single(rig))
    },
    right: (rig) => {
      rig.machine.faults.plan('dma_map_page', 1, 'ENOMEM')
      const mapping = single(rig)
      if (!rig.dma.mappingError(mapping)) rig.dma.unmap(mapping)
    },
    text: 'tries to free an invalid DMA memory address',
  },
  {
    row: 2,
    code: 'unmap-unknown',
    wrong: (rig) => {
      const mapping = list(rig)
      rig.dma.unmap(mapping)
      rig.dma.unmap(mapping)
    },
    right: (rig) => rig.dma.unmap(list(rig)),
    text: '[device address=0x40000000] [size=4096 bytes]',
  },
  {
    row: 3,
    code: 'unmap-size',
    wrong: (rig) => rig.dma.unmap(single(rig), { size: 2 * PAGE }),
    right: (rig) => rig.dma.unmap(single(rig), { size: PAGE }),
    text: '[map size=4096 bytes] [unmap size=8192 bytes]',
  },
  {
    row: 4,
    code: 'unmap-function',
    wrong: (rig) => rig.dma.unmap(list(rig), { as: 'single' }),
    right: (rig) => rig.dma.unmap(list(rig), { as: 'sg' }),
    text: '[mapped as scatter-gather] [unmapped as single]',
  },
  {
    row: 5,
    code: 'free-cpu-address',
    wrong: (rig) => rig.dma.free(rig.dma.allocCoherent(coherent), { memory: rig.memory(PAGE) }),
    right: (rig) => rig.dma.free(rig.dma.allocCoherent(coherent)),
    text: 'frees DMA memory with different CPU address',
  },
  {
    row: 6,
    code: 'unmap-entries',
    wrong: (rig) => rig.dma.unmap(scattered(rig), { entries: 1 }),
    right: (rig) => rig.dma.unmap(scattered(rig), { entries: 3 }),
    text: '[map count=3] [unmap count=1]',
  },
  {
    row: 7,
    code: 'unmap-direction',
    wrong: (rig) => rig.dma.unmap(list(rig), { direction: 'from-device' }),
    right: (rig) => rig.dma.unmap(list(rig), { direction: 'bidirectional' }),
    text: '[mapped with DMA_BIDIRECTIONAL] [unmapped with DMA_FROM_DEVICE]',
  },
  {
    row: 8,
    code: 'map-error-unchecked',
    wrong: (rig) => {
      const memory = rig.memory(PAGE, 'kmalloc')
      rig.dma.unmap(rig.dma.mapSingle({ device: 'camera', memory, direction: 'to-device' }))
    },
    right: (rig) => rig.dma.unmap(single(rig)),
    text: 'failed to check map error',
  },
  {
    row: 9,
    code: 'map-stack',
    wrong: (rig) => rig.dma.unmap(single(rig, rig.memory(64, 'stack'))),
    right: (rig) => rig.dma.unmap(single(rig, rig.memory(64, 'kmalloc'))),
    text: 'maps memory from stack [addr=0x40000000]',
  },
  {
    row: 10,
    code: 'map-kernel-text',
    wrong: (rig) => rig.dma.unmap(single(rig, rig.memory(64, 'rodata'))),
    right: (rig) => rig.dma.unmap(single(rig, rig.memory(64, 'pages'))),
    text: '[len=64]',
  },
  {
    row: 11,
    code: 'map-invalid-area',
    wrong: (rig) => {
      const memory = rig.memory(64, 'kmalloc')
      const request = { device: 'camera', memory, direction: 'to-device', size: 65 } as const
      expect(rig.dma.mappingError(rig.dma.mapSingle(request))).toBe(true)
    },
    right: (rig) => {
      const memory = rig.memory(64, 'kmalloc')
      const request = { device: 'camera', memory, direction: 'to-device', size: 64 } as const
      expect(rig.dma.mappingError(rig.dma.mapSingle(request))).toBe(false)
    },
    text: 'maps memory from invalid area',
  },
  {
    row: 12,
    code: 'map-vmalloc',
    wrong: (rig) => {
      expect(single(rig, rig.memory(2 * PAGE, 'vmalloc')).failed).toBe(true)
    },
    right: (rig) => {
      expect(single(rig, rig.memory(2 * PAGE, 'kmalloc')).failed).toBe(false)
    },
    text: 'maps memory from vmalloc area',
  },
  {
    row: 13,
    code: 'sync-unknown',
    wrong: (rig) => {
      const what = { device: 'camera', buffer: 3, size: PAGE, driver: DRIVER }
      rig.dma.syncUnmapped({ to: 'cpu', ...what })
    },
    right: (rig) => rig.dma.syncForCpu(list(rig), 'bidirectional'),
    text: 'tries to sync DMA memory it has not allocated [device address=0x0]',
  },
  {
    row: 13,
    code: 'sync-unknown',
    wrong: (rig) => {
      const mapping = list(rig)
      rig.dma.unmap(mapping)
      rig.dma.syncForCpu(mapping, 'bidirectional')
    },
    right: (rig) => {
      const mapping = list(rig)
      rig.dma.syncForCpu(mapping, 'bidirectional')
      rig.dma.unmap(mapping)
    },
    text: '[size=4096 bytes]',
  },
  {
    row: 14,
    code: 'sync-range',
    wrong: (rig) => rig.dma.syncForCpu(single(rig), 'bidirectional', { start: 4000, end: 4200 }),
    right: (rig) => rig.dma.syncForCpu(single(rig), 'bidirectional', { start: 4000, end: 4096 }),
    text: '[allocation size=4096 bytes] [sync offset+size=4000+200]',
  },
  {
    row: 15,
    code: 'sync-direction',
    wrong: (rig) => rig.dma.syncForCpu(list(rig, 'from-device'), 'to-device'),
    right: (rig) => rig.dma.syncForCpu(list(rig, 'from-device'), 'from-device'),
    text: '[mapped with DMA_FROM_DEVICE] [synced with DMA_TO_DEVICE]',
  },
  {
    row: 16,
    code: 'sync-read-only-for-cpu',
    wrong: (rig) => rig.dma.syncForCpu(list(rig, 'to-device'), 'from-device'),
    right: (rig) => rig.dma.syncForCpu(list(rig, 'to-device'), 'to-device'),
    text: 'syncs device read-only DMA memory for cpu',
    also: ['sync-direction'],
  },
  {
    row: 17,
    code: 'sync-write-only-for-device',
    wrong: (rig) => rig.dma.syncForDevice(list(rig, 'from-device'), 'bidirectional'),
    right: (rig) => rig.dma.syncForDevice(list(rig, 'from-device'), 'from-device'),
    text: 'syncs device write-only DMA memory to device',
    also: ['sync-direction'],
  },
  {
    row: 18,
    code: 'sync-entries',
    wrong: (rig) => {
      rig.dma.syncForCpu(scattered(rig), 'from-device', undefined, { entries: 2 })
    },
    right: (rig) => {
      rig.dma.syncForCpu(scattered(rig), 'from-device', undefined, { entries: 3 })
    },
    text: '[map count=3] [sync count=2]',
  },
  {
    row: 19,
    code: 'segment-too-long',
    wrong: (rig) => void rig.map(rig.memory(32 * PAGE), 'camera', 'to-device'),
    right: (rig) => {
      rig.dma.devices.set('camera', { maxSegmentSize: 32 * PAGE })
      rig.map(rig.memory(32 * PAGE), 'camera', 'to-device')
    },
    text: '[len=131072] [max=65536]',
  },
  {
    row: 20,
    code: 'segment-boundary',
    wrong: (rig) => {
      rig.dma.devices.set('camera', { segmentBoundaryMask: 2 * PAGE - 1 })
      const memory = rig.memory(4 * PAGE)
      const table = memory.part(PAGE, 2 * PAGE)
      const request = { device: 'camera', table, buffer: memory.id, driver: DRIVER } as const
      rig.dma.map({ ...request, direction: 'to-device' })
    },
    right: (rig) => {
      rig.dma.devices.set('camera', { segmentBoundaryMask: 2 * PAGE - 1 })
      rig.map(rig.memory(2 * PAGE), 'camera', 'to-device')
    },
    text: '[start=0x40001000] [end=0x40002fff] [boundary=0x1fff]',
  },
  {
    row: 21,
    code: 'overlapping-lines',
    wrong: (rig) => {
      const page = rig.memory(PAGE)
      single(rig, page.piece(0, 32, 'descriptor'))
      single(rig, page.piece(32, 32, 'status'))
    },
    right: (rig) => {
      const page = rig.memory(PAGE)
      single(rig, page.piece(0, 64, 'descriptor'))
      single(rig, page.piece(64, 64, 'status'))
    },
    text: "cacheline tracking EEXIST, overlapping mappings aren't supported",
  },
  {
    row: 22,
    code: 'too-many-overlaps',
    wrong: (rig) => {
      const memory = rig.memory(PAGE)
      for (let i = 0; i < 9; i++) rig.map(memory, `device${i}`, 'from-device')
    },
    right: (rig) => {
      const memory = rig.memory(PAGE)
      for (let i = 0; i < 9; i++) rig.map(memory, `device${i}`, 'to-device')
    },
    text: 'exceeded 7 overlapping mappings of cacheline',
    also: Array(8).fill('overlapping-lines'),
  },
  {
    row: 23,
    code: 'mapping-leak',
    wrong: (rig) => {
      list(rig)
      list(rig)
      rig.dma.removeDevice('camera')
    },
    right: (rig) => {
      rig.dma.unmap(list(rig))
      rig.dma.removeDevice('camera')
    },
    text: '[count=2]',
  },
  {
    row: 24,
    code: 'mask-unset',
    wrong: (rig) => {
      rig.dma.devices.set('camera', { mask: 'none' })
      expect(() => list(rig)).toThrow('EIO')
    },
    right: (rig) => void list(rig),
    text: 'no DMA mask',
  },
  {
    row: 25,
    code: 'address-overflow',
    board: {
      ...armSoc,
      name: 'short',
      devices: { camera: { snoops: false, reach: 0x4000_0000 + PAGE } },
    },
    wrong: (rig) => {
      const memory = rig.memory(2 * PAGE)
      expect(() => rig.map(memory, 'camera', 'to-device')).toThrow('EIO')
    },
    right: (rig) => void rig.map(rig.memory(PAGE), 'camera', 'to-device'),
    text: 'DMA addr 0x40000000+8192 overflow (reach 0x40001000)',
  },
]

describe('each report and its silent twin', () => {
  for (const { row, code, wrong, right, text, also = [], board = armSoc } of rows) {
    it(`${row}: ${code}`, () => {
      const rig = new Rig(board)
      wrong(rig)
      const found = rig.of('misuse')
      expect(found.map((event) => event.code).sort()).toEqual([code, ...also].sort())
      const event = found.find((candidate) => candidate.code === code)
      expect(event?.text).toContain(text)
      expect(event?.driver).toEqual(DRIVER)
      expect(event?.device).toMatch(/camera|device/)
      const twin = new Rig(board)
      right(twin)
      expect(twin.misuse).toEqual([])
    })
  }

  it('has a row for each of the 23', () => {
    expect(new Set(rows.map(({ row }) => row)).size).toBe(25)
  })
})

describe('what is no mistake', () => {
  it('mappings of one dma-buf may overlap as often as they like', () => {
    const rig = new Rig(armSoc)
    const { storage } = rig.memory(PAGE)
    const request = { table: tableOf(storage), direction: 'bidirectional', driver: DRIVER } as const
    for (let i = 0; i < 12; i++) rig.dma.map({ ...request, device: `device${i}`, buffer: 7 })
    expect(rig.misuse).toEqual([])
    const other = { name: 'another exporter', modelled: false }
    rig.dma.map({ ...request, device: 'camera', buffer: 8, driver: other })
    expect(rig.misuse.sort()).toEqual(['overlapping-lines', 'too-many-overlaps'])
  })

  it("an exporter's mapping of its own memory beside those of the dma-buf", () => {
    const rig = new Rig(armSoc)
    const memory = rig.memory(2 * PAGE)
    const request = { direction: 'bidirectional', driver: DRIVER } as const
    const table = tableOf(memory.storage)
    rig.dma.map({ ...request, table, device: 'gpu', buffer: memory.id })
    rig.dma.map({ ...request, table, device: 'camera', buffer: 7 })
    rig.dma.map({ ...request, table, device: 'display', buffer: 8 })
    expect(rig.misuse).toEqual([])
  })

  it('is an overlap all the same where the dma-buf has only part of a line', () => {
    const rig = new Rig(armSoc)
    const memory = rig.memory(PAGE)
    const request = { direction: 'bidirectional', driver: DRIVER } as const
    const part = (offset: number): SgTable => tableOfPart(memory.storage, offset, 96)
    rig.dma.map({ ...request, table: part(0), device: 'gpu', buffer: memory.id })
    rig.dma.map({ ...request, table: part(96), device: 'camera', buffer: 7 })
    expect(rig.misuse).toEqual(['overlapping-lines'])
  })

  it('an overlap with a mapping that is gone', () => {
    const rig = new Rig(armSoc)
    const page = rig.memory(PAGE)
    rig.dma.unmap(single(rig, page.piece(0, 32, 'one')))
    single(rig, page.piece(32, 32, 'two'))
    expect(rig.misuse).toEqual([])
  })

  it('a mapping in both directions may be synced in any', () => {
    const rig = new Rig(armSoc)
    const mapping = list(rig)
    for (const direction of ['to-device', 'from-device', 'bidirectional'] as const) {
      rig.dma.syncForCpu(mapping, direction)
      rig.dma.syncForDevice(mapping, direction)
    }
    expect(rig.misuse).toEqual([])
  })
})

describe('calls go on as they would there', () => {
  it('an unmap in the wrong direction does the wrong cache work', () => {
    const rig = new Rig(armSoc)
    const mapping = list(rig)
    rig.dma.unmap(mapping, { direction: 'to-device' })
    expect(rig.of('maintenance').map(({ op }) => op)).toEqual(['clean'])
    expect(mapping.live).toBe(false)
  })

  it('a sync of fewer entries covers only these', () => {
    const rig = new Rig(armSoc)
    rig.dma.syncForCpu(scattered(rig), 'from-device', undefined, { entries: 2 })
    expect(rig.of('maintenance').at(-1)?.range).toEqual({ start: 0, end: 2 * PAGE })
  })

  it('a second unmap does its cache work again, and ends nothing', () => {
    const rig = new Rig(armSocIommu)
    const mapping = rig.map(rig.memory(PAGE), 'camera', 'from-device')
    rig.dma.unmap(mapping)
    rig.dma.unmap(mapping)
    expect(rig.of('dma-unmap')).toHaveLength(1)
    expect(rig.of('maintenance').map(({ op }) => op)).toEqual(['clean', 'invalidate', 'invalidate'])
  })

  it('names the caller where that is not who mapped', () => {
    const rig = new Rig(armSoc)
    const other = { name: 'importer', modelled: true }
    rig.dma.unmap(list(rig), { size: 1, driver: other })
    expect(rig.of('misuse')[0]?.driver).toEqual(other)
  })

  it('breaks off at a direction that there is not', () => {
    const rig = new Rig(armSoc)
    expect(() => rig.map(rig.memory(PAGE), 'camera', 'none' as never)).toThrow(
      'dma_map_sgtable: the direction is to-device, from-device or bidirectional, not none',
    )
  })

  it('refuses a table that lies about its size', () => {
    const rig = new Rig(armSoc)
    const { table } = rig.memory(PAGE)
    const request = { device: 'camera', direction: 'to-device', buffer: 1, driver: DRIVER } as const
    for (const lie of [
      { ...table, size: 2 * PAGE },
      { ...table, runs: [] },
      { ...table, runs: [{ ...table.runs[0], length: 2 * PAGE }], size: 2 * PAGE },
    ]) {
      expect(() => rig.dma.map({ ...request, table: lie as never })).toThrow('EINVAL')
    }
  })
})
