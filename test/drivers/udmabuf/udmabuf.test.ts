/** dma-bufs made of memfds: refusals, content, and the effects of their CPU accesses. */
import { describe, expect, it } from 'vitest'
import { boardNamed } from '../../../src/boards/index.ts'
import * as uapi from '../../uapi.ts'
import { PAGE, Rig } from './rig.ts'

const { errno } = uapi
const { DMA_BUF_SYNC_RW: RW, DMA_BUF_SYNC_READ: READ, DMA_BUF_SYNC_END: END } = uapi

describe('UDMABUF_CREATE', () => {
  it.each([
    ['an offset within a page', { offset: 1 }, errno.EINVAL],
    ['a size that is no whole pages', { size: PAGE + 1 }, errno.EINVAL],
    ['no pages', { size: 0 }, errno.EINVAL],
    ['more than 64 MiB', { size: 64 * 2 ** 20 + PAGE }, errno.EINVAL],
    ['a descriptor that is not open', { memfd: 99 }, errno.EBADFD],
    ['a descriptor beyond all', { memfd: 2 ** 32 - 1 }, errno.EBADFD],
    ['a descriptor of something else', { memfd: 3 }, errno.EBADFD],
    ['pages beyond the end', { offset: 2 * PAGE, size: 3 * PAGE }, errno.EINVAL],
    ['a bad size before a bad descriptor', { memfd: 99, size: 1 }, errno.EINVAL],
  ])('refuses %s', async (_what, values, expected) => {
    const rig = new Rig()
    const memfd = rig.memfd(4)
    expect(await rig.create({ memfd, size: PAGE, ...values })).toBe(-expected)
    expect(rig.kernel.buffers).toEqual([])
  })

  it.each([
    ['no seals', 0],
    ['F_SEAL_GROW alone', uapi.F_SEAL_GROW],
    ['F_SEAL_WRITE', uapi.F_SEAL_SHRINK | uapi.F_SEAL_WRITE],
    ['F_SEAL_FUTURE_WRITE', uapi.F_SEAL_SHRINK | uapi.F_SEAL_FUTURE_WRITE],
  ])('refuses a memfd with %s', async (_what, seals) => {
    const rig = new Rig()
    expect(await rig.create({ memfd: rig.memfd(1, seals), size: PAGE })).toBe(-errno.EINVAL)
  })

  it('takes 64 MiB, and returns a descriptor that is close-on-exec when asked', async () => {
    const rig = new Rig()
    const { sys } = rig.kernel
    const memfd = rig.memfd(64 * 256)
    const kept = await rig.create({ memfd, size: 64 * 2 ** 20 })
    const closed = await rig.create({ memfd, size: PAGE, flags: uapi.UDMABUF_FLAGS_CLOEXEC | 0x80 })
    expect(sys.fcntl(kept, uapi.F_GETFD, 0)).toBe(0)
    expect(sys.fcntl(closed, uapi.F_GETFD, 0)).toBe(uapi.FD_CLOEXEC)
    expect(sys.fcntl(kept, uapi.F_GETFL, 0)).toBe(uapi.O_RDWR)
    expect(sys.lseek(kept, 0, uapi.SEEK_END)).toBe(64 * 2 ** 20)
    expect(rig.events.filter(({ kind }) => kind === 'export')).toMatchObject([
      { exporter: 'udmabuf' },
      { exporter: 'udmabuf' },
    ])
  })

  it('knows no other request', async () => {
    const rig = new Rig()
    const other = uapi.iow('u', 0x44, 8)
    const result = rig.kernel.sys.ioctl(rig.device, other, { bytes: new Uint8Array(8) })
    expect(await result).toBe(-errno.ENOTTY)
  })
})

describe('UDMABUF_CREATE_LIST', () => {
  it('takes 1024 items and no more, and none is nothing', async () => {
    const rig = new Rig()
    const item = { memfd: rig.memfd(1), size: PAGE }
    const list = (count: number): Promise<number> => rig.createList(new Array(count).fill(item))
    expect(await list(1024)).toBeGreaterThan(0)
    expect(await list(1025)).toBe(-errno.EINVAL)
    expect(await list(0)).toBe(-errno.EINVAL)
  })

  it.each([
    ['an item of no pages', { size: 0 }, errno.EINVAL],
    ['an item that is not open', { memfd: 99 }, errno.EBADFD],
    ['an item that is not aligned, before one that is not open', { size: 5 }, errno.EINVAL],
  ])('refuses %s, and lets go of the items before it', async (_what, values, expected) => {
    const rig = new Rig()
    const memfd = rig.memfd(2)
    const item = { memfd, size: PAGE }
    expect(await rig.createList([item, { ...item, ...values }, { ...item, memfd: 98 }])).toBe(
      -expected,
    )
    expect(rig.kernel.sys.fcntl(memfd, uapi.F_ADD_SEALS, uapi.F_SEAL_WRITE)).toBe(0)
  })

  it('puts pages of several memfds in any order, and shows each where it is', async () => {
    const rig = new Rig()
    const { sys } = rig.kernel
    const [a, b] = [rig.memfd(3), rig.memfd(2)]
    const fd = await rig.createList([
      { memfd: b, offset: PAGE, size: PAGE },
      { memfd: a, offset: 0, size: 2 * PAGE },
      { memfd: b, offset: PAGE, size: PAGE },
    ])
    const whole = rig.map(fd, 4)
    const bytes = Uint8Array.from({ length: 4 * PAGE }, (_, i) => i / PAGE + 1)
    sys.store(whole, bytes)
    const shown = (memfd: number, page: number): number => {
      const byte = new Uint8Array(1)
      sys.load(rig.map(memfd, 1, page), byte)
      return byte[0] as number
    }
    // The same page comes first and last: the last store of it stays.
    expect([shown(b, 0), shown(b, 1), shown(a, 0), shown(a, 1), shown(a, 2)]).toEqual([
      0, 4, 2, 3, 0,
    ])
    expect(sys.view(whole, 4 * PAGE, 'mapping')).toBe(-errno.EINVAL)
    const middle = sys.view(whole + PAGE, 2 * PAGE, 'mapping') as Uint8Array
    expect([middle[0], middle[PAGE]]).toEqual([2, 3])
  })
})

describe('a udmabuf', () => {
  it('keeps its pages when the memfd is closed, and gives them back at its own end', async () => {
    const rig = new Rig()
    const { sys } = rig.kernel
    const memfd = rig.memfd(1)
    const before = rig.map(memfd, 1)
    sys.store(before, Uint8Array.of(42))
    const fd = await rig.create({ memfd, size: PAGE })
    sys.munmap(before, PAGE)
    sys.close(memfd)
    const byte = new Uint8Array(1)
    const address = rig.map(fd, 1)
    sys.load(address, byte)
    expect(byte[0]).toBe(42)
    sys.munmap(address, PAGE)
    sys.close(fd)
    expect(rig.kernel.buffers).toEqual([])
  })

  it('keeps its memfd from being sealed against writing while it exists', async () => {
    const rig = new Rig()
    const { sys } = rig.kernel
    const memfd = rig.memfd(1)
    const fd = await rig.create({ memfd, size: PAGE })
    const seal = (): number => sys.fcntl(memfd, uapi.F_ADD_SEALS, uapi.F_SEAL_WRITE)
    expect(seal()).toBe(-errno.EBUSY)
    sys.close(fd)
    expect(seal()).toBe(0)
  })

  it('is mapped MAP_SHARED, and not made longer', async () => {
    const rig = new Rig()
    const { sys } = rig.kernel
    const fd = await rig.create({ memfd: rig.memfd(2), size: 2 * PAGE })
    expect(sys.mmap(PAGE, uapi.PROT_READ, uapi.MAP_PRIVATE, fd, 0)).toBe(-errno.EINVAL)
    const address = rig.map(fd, 1)
    expect(sys.mremap(address, PAGE, 2 * PAGE, uapi.MREMAP_MAYMOVE)).toBe(-errno.EFAULT)
    expect(rig.map(fd, 3)).toBe(-errno.EINVAL)
  })

  it('meets its memfd in one storage under two names', async () => {
    const rig = new Rig()
    const memfd = rig.memfd(2)
    const fd = await rig.create({ memfd, offset: PAGE, size: PAGE })
    rig.map(memfd, 2)
    rig.map(fd, 1)
    const maps = rig.events.flatMap((event) => (event.kind === 'cpu-map' ? [event] : []))
    const [first, second] = maps.map(({ placement }) => placement?.[0])
    expect(maps.map(({ buffer }) => buffer)).toEqual([-1, 1])
    expect(second).toEqual({ storage: first?.storage, offset: PAGE, length: PAGE })
  })
})

describe("a udmabuf's CPU access", () => {
  it('syncs for a device of its own, from the first begin on', async () => {
    const rig = new Rig()
    const fd = await rig.create({ memfd: rig.memfd(1), size: PAGE })
    rig.dmaEvents()
    expect(await rig.sync(fd, RW)).toBe(0)
    expect(rig.dmaEvents()).toEqual(['dma-map', 'invalidate', 'for cpu'])
    expect(await rig.sync(fd, END | RW)).toBe(0)
    expect(rig.dmaEvents()).toEqual(['clean', 'for device'])
    expect(await rig.sync(fd, READ)).toBe(0)
    expect(rig.dmaEvents()).toEqual(['invalidate', 'for cpu'])
    rig.kernel.sys.close(fd)
    expect(rig.dmaEvents()).toEqual(['dma-unmap'])
  })

  it('as it was first, maps at the first begin and syncs at later ones', async () => {
    const rig = new Rig({ linux: '6.12.95' })
    const fd = await rig.create({ memfd: rig.memfd(1), size: PAGE })
    rig.dmaEvents()
    await rig.sync(fd, RW)
    expect(rig.dmaEvents()).toEqual(['clean', 'dma-map'])
    await rig.sync(fd, RW)
    expect(rig.dmaEvents()).toEqual(['invalidate', 'for cpu'])
    rig.kernel.sys.close(fd)
    expect(rig.dmaEvents()).toEqual(['invalidate', 'dma-unmap'])
  })

  it.each<[string, string, number | string]>([
    ['6.12.95', 'arm-soc', 7],
    ['6.12.107', 'arm-soc', 'lost'],
    ['6.12.107', 'pc', 7],
  ])('of Linux %s on %s leaves a reader of bytes that the memfd was given: %s', async (...row) => {
    const [linux, board, expected] = row
    const rig = new Rig({ linux, board: boardNamed(board) })
    const memfd = rig.memfd(1)
    rig.kernel.sys.store(rig.map(memfd, 1), Uint8Array.of(7))
    const fd = await rig.create({ memfd, size: PAGE })
    await rig.sync(fd, READ)
    const byte = new Uint8Array(1)
    rig.kernel.sys.load(rig.map(fd, 1), byte)
    const loads = rig.events.flatMap((event) => (event.kind === 'cpu-load' ? [event] : []))
    const [hazard] = loads.at(-1)?.hazards ?? []
    expect(hazard === undefined ? byte[0] : hazard.kind).toBe(expected)
  })

  /** As the trace events of arch_sync_dma_for_device and arch_sync_dma_for_cpu showed it on arm64. */
  it.each([
    ['6.12', { first: ['clean'], import: ['clean'], drop: ['invalidate'], close: ['invalidate'] }],
    [
      '6.12.95',
      { first: ['clean'], import: ['clean'], drop: ['invalidate'], close: ['invalidate'] },
    ],
    ['6.12.107', { first: ['invalidate'], import: [], drop: [], close: [] }],
    ['6.12.117', { first: ['invalidate'], import: [], drop: [], close: [] }],
    [undefined, { first: ['invalidate'], import: [], drop: [], close: [] }],
  ])('of Linux %s works on the cache where that release does', async (linux, expected) => {
    const rig = new Rig({ linux })
    const { sys } = rig.kernel
    const card = sys.open('/dev/dri/card1', uapi.O_RDWR)
    const fd = await rig.create({ memfd: rig.memfd(1), size: PAGE })
    const prime = { bytes: uapi.drmPrimeHandle.create({ fd }) }
    const work = async (call: () => unknown): Promise<string[]> => {
      rig.dmaEvents()
      await call()
      return rig.dmaEvents().filter((kind) => kind === 'clean' || kind === 'invalidate')
    }
    const importIt = () => sys.ioctl(card, uapi.DRM_IOCTL_PRIME_FD_TO_HANDLE, prime)
    const dropIt = () =>
      sys.ioctl(card, uapi.DRM_IOCTL_GEM_CLOSE, { bytes: Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0) })
    expect(await work(() => rig.sync(fd, READ))).toEqual(expected.first)
    expect(await work(() => rig.sync(fd, END | READ))).toEqual(['clean'])
    expect(await work(importIt)).toEqual(expected.import)
    expect(await work(() => rig.sync(fd, READ))).toEqual(['invalidate'])
    expect(await work(() => rig.sync(fd, END | READ))).toEqual(['clean'])
    expect(await work(dropIt)).toEqual(expected.drop)
    expect(await work(() => sys.close(fd))).toEqual(expected.close)
  })

  it.each(['6.11', '6.12.', '6.12.95-rc1', '6.12.1000', 'latest', ''])(
    'is not of a Linux %j, which is no release of 6.12',
    (linux) => {
      expect(() => new Rig({ linux })).toThrow(
        /^linux is '.*': the simulated kernel is a release of 6.12/,
      )
    },
  )

  it('cannot end before any has begun', async () => {
    const rig = new Rig()
    const fd = await rig.create({ memfd: rig.memfd(1), size: PAGE })
    expect(await rig.sync(fd, END | RW)).toBe(-errno.EINVAL)
    expect(await rig.sync(fd, RW)).toBe(0)
    expect(await rig.sync(fd, END | RW)).toBe(0)
    expect(await rig.sync(fd, END | RW)).toBe(0)
  })

  it('is told as an access that synced the pseudo-device, and no importer', async () => {
    const rig = new Rig()
    const { sys } = rig.kernel
    const fd = await rig.create({ memfd: rig.memfd(1), size: PAGE })
    const card = sys.open('/dev/dri/card0', uapi.O_RDWR)
    const bytes = uapi.drmPrimeHandle.create({ fd })
    expect(await sys.ioctl(card, uapi.DRM_IOCTL_PRIME_FD_TO_HANDLE, { bytes })).toBe(0)
    await rig.sync(fd, RW)
    const starts = rig.events.flatMap((event) => (event.kind === 'cpu-access-begin' ? [event] : []))
    expect(starts).toMatchObject([{ synced: ['udmabuf'] }])
  })
})
