/**
 * Tables of boards: the built-in ones are sound, contradictions are reported, and their
 * consequences hold.
 */
import { describe, expect, it } from 'vitest'
import { armSoc } from '../../src/boards/arm-soc.ts'
import { armSocIommu } from '../../src/boards/arm-soc-iommu.ts'
import { boardNamed, judgedFor, readyBoards } from '../../src/boards/index.ts'
import { pc } from '../../src/boards/pc.ts'
import { pcBounce } from '../../src/boards/pc-bounce.ts'
import { rpi4 } from '../../src/boards/rpi4.ts'
import {
  type Board,
  boardProblems,
  bouncesAlike,
  cmaRegion,
  isCoherent,
  takesAnyMemory,
} from '../../src/machine/board.ts'
import { Machine } from '../../src/machine/machine.ts'
import { lazyPolicy } from '../../src/machine/policy.ts'

const GIB = 2 ** 30
type Change = { readonly [K in keyof Board]?: unknown }

/** The contradiction, and the beginning of the sentence about it. */
const contradictions: readonly [string, Board, Change][] = [
  ['lineSize is 48', armSoc, { lineSize: 48 }],
  ['lineSize is NaN', armSoc, { lineSize: Number.NaN }],
  ['lineSize is 64.5', armSoc, { lineSize: 64.5 }],
  ['lineSize is 512', armSoc, { lineSize: 512 }],
  ['ram is 0 bytes', armSoc, { ram: { base: 0, size: 0 } }],
  ['ram is 5000 bytes', armSoc, { ram: { base: 0, size: 5000 } }],
  ['ram is NaN bytes', armSoc, { ram: { base: 0, size: Number.NaN } }],
  ['ram.normal is 1', armSoc, { ram: { base: 0, size: GIB, normal: 1 } }],
  ['ram.normal is 4294967296', armSoc, { ram: { base: 0, size: GIB, normal: 4 * GIB } }],
  ['ram.fragmented is often', armSoc, { ram: { ...armSoc.ram, fragmented: 'often' } }],
  ["cma.name is 'system'", armSoc, { cma: { size: 4096, name: 'system' } }],
  ["cma.name is 'a/b'", armSoc, { cma: { size: 4096, name: 'a/b' } }],
  ['cma is 5000 bytes', armSoc, { cma: { size: 5000, name: 'cma' } }],
  ['cma is 4096 bytes at 0: the region', armSoc, { cma: { base: 0, size: 4096, name: 'cma' } }],
  [
    'cma and bounce overlap',
    rpi4,
    { cma: { base: rpi4.bounce?.base ?? 0, size: 4096, name: 'cma' } },
  ],
  [
    'devices.camera.contiguous is 1',
    armSoc,
    { devices: { camera: { snoops: false, contiguous: 1 } } },
  ],
  [
    'devices.camera.strideStep is 48',
    armSoc,
    { devices: { camera: { snoops: false, strideStep: 48 } } },
  ],
  ['otherDevices.heightStep is 0', armSoc, { otherDevices: { snoops: false, heightStep: 0 } }],
  ['fromDeviceMap is flush', armSoc, { fromDeviceMap: 'flush' }],
  ['edges is missing', armSoc, { edges: undefined }],
  ['uncachedSnoops is yes', armSoc, { uncachedSnoops: 'yes' }],
  ['cost.syscall is -1', armSoc, { cost: { ...armSoc.cost, syscall: -1 } }],
  ['cost.cpuByte is NaN', armSoc, { cost: { ...armSoc.cost, cpuByte: Number.NaN } }],
  ['cost.dmaByte is Infinity', armSoc, { cost: { ...armSoc.cost, dmaByte: Infinity } }],
  ['devices.camera.snoops is missing', armSoc, { devices: { camera: {} } }],
  ['devices.camera.reach is 0', armSoc, { devices: { camera: { snoops: true, reach: 0 } } }],
  ['devices.camera.reach is NaN', armSoc, { devices: { camera: { snoops: true, reach: NaN } } }],
  [
    'otherDevices.reach is 1073741824: it reaches neither RAM nor a bounce pool',
    armSoc,
    { otherDevices: { snoops: false, reach: GIB } },
  ],
  [
    'devices.camera.iommu is true, but the board has no iommu',
    armSoc,
    { devices: { camera: { snoops: false, iommu: true } } },
  ],
  ['iommu.unmap is sometimes', armSocIommu, { iommu: { unmap: 'sometimes' } }],
  ['bounce.forced is missing', pcBounce, { bounce: { ...pcBounce.bounce, forced: undefined } }],
  ['bounce is 0 bytes', pcBounce, { bounce: { ...pcBounce.bounce, size: 0 } }],
  [
    'bounce is 67108864 bytes at 0: the pool must lie within the RAM',
    pcBounce,
    {
      bounce: { ...pcBounce.bounce, base: 0 },
    },
  ],
  ['bounce is all of the RAM', pcBounce, { bounce: { ...pc.ram, forced: true } }],
  [
    'bounce: no device that maps directly reaches the pool',
    rpi4,
    {
      bounce: { ...rpi4.bounce, base: 2 * GIB },
      devices: {},
    },
  ],
]

describe('contradictions', () => {
  for (const [sentence, board, change] of contradictions) {
    it(sentence, () => {
      const problems = boardProblems({ ...board, ...change } as Board)
      expect(
        problems.some((problem) => problem.startsWith(sentence)),
        problems.join('; '),
      ).toBe(true)
    })
  }

  it('are not in the ready boards', () => {
    for (const board of readyBoards.values()) expect(boardProblems(board), board.name).toEqual([])
    expect([...readyBoards.keys()]).toEqual([
      ...['pc', 'pc-bounce', 'arm-soc', 'arm-soc-iommu', 'arm-soc-cma', 'rpi4'],
    ])
  })

  it('are named when a board is chosen', () => {
    expect(() => boardNamed({ ...armSoc, lineSize: 3 })).toThrow("board 'arm-soc' cannot be")
  })
})

describe('what follows from a table', () => {
  it('where the region for contiguous memory lies', () => {
    const size = 64 * 2 ** 20
    const cma = { size, name: 'linux,cma' }
    const board = { ...armSoc, ram: { base: 0, size: GIB }, cma }
    expect(cmaRegion(board)).toEqual({ base: GIB - size, size })
    const bounce = { base: GIB - size, size, forced: true }
    expect(cmaRegion({ ...board, bounce })).toEqual({ base: GIB - 2 * size, size })
    expect(boardProblems({ ...board, bounce })).toEqual([])
    expect(cmaRegion({ ...board, bounce: { ...bounce, base: 0 } })?.base).toBe(GIB - size)
    expect(cmaRegion({ ...board, cma: { ...cma, base: 4096 } })).toEqual({ base: 4096, size })
    expect(cmaRegion({ ...board, ram: { base: 0, size: 3 * size } })).toBeUndefined()
    expect(cmaRegion(pc)).toBeUndefined()
  })

  it('whether its devices take memory of any heap', () => {
    const any = [...readyBoards.values()].filter(takesAnyMemory).map(({ name }) => name)
    expect(any).toEqual(['pc', 'pc-bounce', 'arm-soc', 'arm-soc-iommu', 'rpi4'])
    const camera = { snoops: false, contiguous: true, iommu: true }
    expect(takesAnyMemory({ ...armSocIommu, devices: { camera } })).toBe(true)
  })

  it('a board whose uncached accesses miss the cache is not coherent', () => {
    expect(isCoherent(pc)).toBe(true)
    expect(isCoherent({ ...pc, uncachedSnoops: false })).toBe(false)
  })

  it('who judges whom', () => {
    expect(judgedFor(pc).name).toBe('arm-soc')
    for (const name of ['pc-bounce', 'rpi4', 'arm-soc-iommu', 'arm-soc']) {
      expect(judgedFor(boardNamed(name)).name).toBe(name)
    }
  })

  it('whether another board bounces the same', () => {
    expect(bouncesAlike(pc, armSoc)).toBe(true)
    expect(bouncesAlike(pcBounce, pcBounce)).toBe(true)
    expect(bouncesAlike(pcBounce, { ...pcBounce, name: 'copy' })).toBe(true)
    expect(bouncesAlike(pc, rpi4)).toBe(false)
    expect(bouncesAlike(rpi4, pcBounce)).toBe(false)
    const narrower = { ...rpi4.devices, camera: { snoops: false, reach: GIB / 2 } }
    expect(bouncesAlike(rpi4, { ...rpi4, devices: narrower })).toBe(false)
    // A pool that no device needs bounces nothing.
    const unused = { ...pcBounce, bounce: { ...pcBounce.bounce, forced: false } } as Board
    expect(bouncesAlike(unused, pc)).toBe(true)
  })

  it('lines of two sizes cannot be judged together where they matter', () => {
    const wide = { ...armSoc, name: 'wide', lineSize: 128 }
    const made = (board: Board, judged: Board): Machine =>
      new Machine({ board, judged, policy: lazyPolicy })
    expect(() => made(armSoc, wide)).toThrow(RangeError)
    expect(made(pc, wide).memory.lineSize).toBe(128)
    expect(made(wide, wide).memory.lineSize).toBe(128)
  })
})

describe('a table with other fields than a board has', () => {
  const table = { ...armSoc } as Record<string, unknown>
  const without = (field: string): unknown =>
    Object.fromEntries(Object.entries(table).filter(([name]) => name !== field))

  it.each([
    [without('cost'), 'cost is missing'],
    [without('otherDevices'), 'otherDevices is missing'],
    [without('ram'), 'ram is missing'],
    [{ ...table, linesize: 64 }, 'linesize is unknown'],
    [
      { ...table, devices: { camera: { snoops: false, reech: 1 } } },
      'devices.camera.reech is unknown: there are snoops, reach, iommu',
    ],
    [{ ...table, bounce: true }, 'bounce is true: it must be a table'],
    [{ ...table, cost: { syscall: 1 } }, 'cost.cleanLine is missing'],
    [null, 'it is not a table'],
  ])('%#: says which', (board, text) => {
    expect(boardProblems(board as Board).join('; ')).toContain(text)
  })
})
