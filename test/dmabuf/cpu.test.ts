/** CPU access, mmap and vmap: the tables of drivers/dma-buf/dma-buf.c, Linux 6.12. */
import { describe, expect, it } from 'vitest'
import type { StorageRun } from '../../src/kernel/dma/sg-table.ts'
import { KernelError } from '../../src/machine/kernel-error.ts'
import type { Storage } from '../../src/machine/storage.ts'
import { errnoOf, IMPORTER, PAGE, Rig } from './rig.ts'

const noOp = (): void => {}

describe('CPU access', () => {
  it.each([
    ['read', 'from-device'],
    ['write', 'to-device'],
    ['read-write', 'bidirectional'],
  ] as const)('to %s is %s to the exporter', async (access, direction) => {
    const rig = new Rig()
    const given: unknown[] = []
    const buffer = rig.export({
      beginCpuAccess: (_buffer, way) => void given.push(way),
      endCpuAccess: (_buffer, way) => void given.push(way),
    })
    await rig.core.beginCpuAccess(buffer, access)
    await rig.core.endCpuAccess(buffer, access)
    expect(given).toEqual([direction, direction])
  })

  it('needs no balance, and no operations', async () => {
    const rig = new Rig()
    const buffer = rig.export()
    await rig.core.endCpuAccess(buffer, 'read')
    await rig.core.beginCpuAccess(buffer, 'read')
    await rig.core.beginCpuAccess(buffer, 'write')
    expect(rig.codes).toEqual([])
  })

  it('fails as the exporter does, and where it is made to', async () => {
    const rig = new Rig()
    const fail = (): never => {
      throw new KernelError('EINTR', 'on purpose')
    }
    const buffer = rig.export({ beginCpuAccess: fail, endCpuAccess: noOp })
    rig.machine.faults.plan('end_cpu_access', 1, 'EIO')
    expect(await errnoOf(() => rig.core.beginCpuAccess(buffer, 'read'))).toBe('EINTR')
    expect(await errnoOf(() => rig.core.endCpuAccess(buffer, 'read'))).toBe('EIO')
    expect(await errnoOf(() => rig.core.endCpuAccess(buffer, 'read'))).toBe('ok')
  })
})

describe('mmap', () => {
  it.each([
    ['all', 8192, 0, 8192, 'ok'],
    ['a page', 8192, 4096, 4096, 'ok'],
    ['part of a page', 8192, 4096, 1, 'ok'],
    ['past the end', 8192, 4096, 4097, 'EINVAL'],
    ['behind the end', 8192, 8192, 4096, 'EINVAL'],
    ['the page of 5000 bytes', 5000, 0, 4096, 'ok'],
    ['more than the whole pages', 5000, 0, 4097, 'EINVAL'],
    ['a buffer of no bytes', 0, 0, 1, 'EINVAL'],
  ])('%s', async (_what, size, offset, length, code) => {
    const rig = new Rig()
    const buffer = rig.export({}, { size })
    expect(await errnoOf(() => rig.core.mmap(buffer, offset, length))).toBe(code)
    expect(rig.called).toEqual(code === 'ok' ? ['mmap'] : [])
  })

  it('is EINVAL without an operation, also redirected', async () => {
    const rig = new Rig()
    const buffer = rig.export({ mmap: undefined as never })
    expect(await errnoOf(() => rig.core.mmap(buffer, 0, PAGE))).toBe('EINVAL')
    expect(await errnoOf(() => rig.core.redirectMmap(buffer, PAGE, 0))).toBe('EINVAL')
  })

  it('redirected by an importer: by pages, EOVERFLOW where the sum wraps', async () => {
    const rig = new Rig()
    const buffer = rig.export()
    const { offset, pages } = rig.core.redirectMmap(buffer, PAGE, 1)
    expect([offset, pages.runs[0]?.offset]).toEqual([PAGE, PAGE])
    expect(await errnoOf(() => rig.core.redirectMmap(buffer, PAGE, 2))).toBe('EINVAL')
    expect(await errnoOf(() => rig.core.redirectMmap(buffer, PAGE, 2 ** 53))).toBe('EINVAL')
    expect(await errnoOf(() => rig.core.redirectMmap(buffer, PAGE, 2 ** 64))).toBe('EOVERFLOW')
  })

  it.each([
    ['nothing', () => undefined],
    ['no runs', () => ({ attribute: 'cached' })],
    ['another attribute', (runs: StorageRun[]) => ({ runs, attribute: 'fast' })],
    [
      'too little',
      (runs: StorageRun[]) => ({
        runs: runs.map((run) => ({ ...run, length: 100 })),
        attribute: 'cached',
      }),
    ],
    ['too much', (runs: StorageRun[]) => ({ runs: [...runs, ...runs], attribute: 'cached' })],
    [
      'what lies outside',
      (runs: StorageRun[]) => ({
        runs: runs.map((run) => ({ ...run, offset: 8192 })),
        attribute: 'cached',
      }),
    ],
    [
      'a storage that is none',
      (runs: StorageRun[]) => ({
        runs: runs.map((run) => ({ ...run, storage: undefined })),
        attribute: 'cached',
      }),
    ],
  ])('is told of an exporter that returns %s', async (_what, wrong) => {
    const rig = new Rig()
    const mmap = ({ priv }: { priv: unknown }, offset: number, length: number): unknown =>
      wrong([{ storage: priv as Storage, offset, length }])
    const buffer = rig.export({
      mmap: mmap as never,
      vmap: ((it: { priv: unknown; size: number }) => mmap(it, 0, it.size)) as never,
    })
    expect(await errnoOf(() => rig.core.mmap(buffer, 0, PAGE))).toBe('EINVAL')
    expect(await errnoOf(() => rig.core.vmapUnlocked(buffer))).toBe('EINVAL')
    expect(rig.misuse).toMatchObject([
      { code: 'operation-returned', operation: 'mmap', driver: { name: 'exporter' } },
      { code: 'operation-returned', operation: 'vmap' },
    ])
    expect(buffer.vmapped).toBeUndefined()
  })
})

describe('vmap', () => {
  it('is EINVAL without an operation, and fails where it is made to', async () => {
    const rig = new Rig()
    expect(
      await errnoOf(() => rig.core.vmapUnlocked(rig.export({ vmap: undefined as never }))),
    ).toBe('EINVAL')
    rig.machine.faults.plan('vmap', 1, 'ENOMEM')
    const buffer = rig.export()
    expect(await errnoOf(() => rig.core.vmapUnlocked(buffer))).toBe('ENOMEM')
    expect([buffer.vmapped, buffer.resv.isLocked]).toEqual([undefined, false])
  })

  it('is one mapping, counted, which the last vunmap takes away', async () => {
    const rig = new Rig()
    const buffer = rig.export()
    const map = await rig.core.vmapUnlocked(buffer, IMPORTER)
    expect(await rig.core.vmapUnlocked(buffer, IMPORTER)).toBe(map)
    await rig.core.vunmapUnlocked(buffer, map)
    expect(rig.called).toEqual(['vmap locked'])
    await rig.core.vunmapUnlocked(buffer, map)
    expect(rig.called).toEqual(['vmap locked', 'vunmap locked'])
    await rig.core.vunmapUnlocked(buffer, map, IMPORTER)
    expect(rig.misuse).toMatchObject([{ code: 'vunmap-unbalanced', driver: IMPORTER }])
    expect(rig.kinds('cpu-map', 'cpu-unmap')).toHaveLength(2)
  })

  it('is one of the exporter for all drivers, and the accesses are those of the driver that makes them', async () => {
    const rig = new Rig()
    const buffer = rig.export()
    const [one, two] = [
      { name: 'one', modelled: false },
      { name: 'two', modelled: false },
    ]
    const mine = await rig.core.vmapUnlocked(buffer, one)
    const theirs = await rig.core.vmapUnlocked(buffer, two)
    mine.store(0, Uint8Array.of(1))
    theirs.store(1, Uint8Array.of(2))
    await rig.core.vunmapUnlocked(buffer, mine, one)
    const seen = new Uint8Array(2)
    theirs.load(0, seen)
    expect([...seen]).toEqual([1, 2])
    expect(rig.called).toEqual(['vmap locked'])
    await rig.core.vunmapUnlocked(buffer, theirs, two)
    expect(rig.called).toEqual(['vmap locked', 'vunmap locked'])
    const accesses = rig.kinds('cpu-store', 'cpu-load').slice(-3)
    expect(accesses.map(({ agent }) => agent.name)).toEqual(['one', 'two', 'two'])
    expect(rig.misuse).toEqual([])
  })

  it('takes back no other mapping than it gave', async () => {
    const rig = new Rig()
    const [a, b] = [rig.export(), rig.export()]
    const map = await rig.core.vmapUnlocked(a)
    await rig.core.vmapUnlocked(b)
    await rig.core.vunmapUnlocked(b, map)
    expect([rig.codes, b.vmapped?.count]).toEqual([['vunmap-unbalanced'], 1])
  })

  it('is missed at the release, and taken away', async () => {
    const rig = new Rig()
    const buffer = rig.export()
    await rig.core.vmapUnlocked(buffer, IMPORTER)
    rig.core.put(buffer)
    expect(rig.misuse).toMatchObject([{ code: 'vmap-leak', driver: IMPORTER }])
    expect(rig.called).toEqual(['vmap locked', 'vunmap', 'release'])
  })

  it('loads and stores through the cache, as the driver, with the bytes in between unseen by a device', async () => {
    const rig = new Rig()
    const buffer = rig.export()
    const attachment = await rig.core.attach(buffer, 'camera')
    const mapping = await rig.core.mapAttachmentUnlocked(attachment, 'to-device')
    const map = await rig.core.vmapUnlocked(buffer, IMPORTER)
    map.store(10, new Uint8Array([1, 2, 3]))
    const seen = new Uint8Array(3)
    map.load(10, seen)
    expect([...seen]).toEqual([1, 2, 3])
    const hazards = rig.dma.deviceLoad(mapping, 10, new Uint8Array(3))
    expect(hazards).toMatchObject([{ kind: 'memory-behind', range: { start: 10, end: 13 } }])
    rig.dma.syncForDevice(mapping, 'to-device')
    expect(rig.dma.deviceLoad(mapping, 10, seen)).toEqual([])
    expect(rig.kinds('cpu-store', 'cpu-load')).toMatchObject([
      { buffer: 1, range: { start: 10, end: 13 }, agent: { kind: 'kernel', name: 'importer' } },
      { buffer: 1, range: { start: 10, end: 13 } },
    ])
    expect(() => map.load(8190, new Uint8Array(3))).toThrow(/importer: load of 3 bytes at 8190/)
    expect(() => map.store(-1, seen)).toThrow(/lies within 8192 bytes/)
  })
})
