/** Memory that is a file: making, growing, sealing, mapping it. */
import { describe, expect, it } from 'vitest'
import type { DmabufEvent } from '../../src/events/event.ts'
import * as uapi from '../uapi.ts'
import { isDead, memfd, PAGE, peek, poke, RW, readAll, share, start } from './rig.ts'

const { errno } = uapi
const { F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE, F_SEAL_FUTURE_WRITE } = uapi
const { F_SEAL_EXEC, MFD_ALLOW_SEALING, MFD_EXEC, MFD_NOEXEC_SEAL } = uapi

describe('memfd_create', () => {
  it.each([
    ['unknown flags', 'a', 0x20, errno.EINVAL],
    ['both kinds of execution', 'a', MFD_EXEC | MFD_NOEXEC_SEAL, errno.EINVAL],
    ['a name of 250 bytes', 'ä'.repeat(125), 0, errno.EINVAL],
    ['huge pages', 'a', uapi.MFD_HUGETLB, errno.ENOSYS],
  ])('refuses %s', (_what, name, flags, expected) => {
    expect(start().sys.memfdCreate(name, flags)).toBe(-expected)
  })

  it('takes a name of 249 bytes, and the same one again', () => {
    const { sys } = start()
    expect(sys.memfdCreate('x'.repeat(249), 0)).toBe(3)
    expect(sys.memfdCreate('x'.repeat(249), 0)).toBe(4)
  })

  it.each([
    [0, F_SEAL_SEAL, 0],
    [uapi.MFD_CLOEXEC, F_SEAL_SEAL, uapi.FD_CLOEXEC],
    [MFD_ALLOW_SEALING, 0, 0],
    [MFD_NOEXEC_SEAL, F_SEAL_EXEC, 0],
    [MFD_EXEC | MFD_ALLOW_SEALING, 0, 0],
  ])('with flags %i gives seals %i and descriptor flags %i', (flags, seals, onExec) => {
    const { sys } = start()
    const fd = sys.memfdCreate('a', flags)
    expect(sys.fcntl(fd, uapi.F_GET_SEALS, 0)).toBe(seals)
    expect(sys.fcntl(fd, uapi.F_GETFD, 0)).toBe(onExec)
    expect(sys.fcntl(fd, uapi.F_GETFL, 0)).toBe(uapi.O_RDWR | uapi.O_LARGEFILE)
  })

  it('runs out of descriptors and leaves nothing behind', () => {
    const kernel = start({ fdLimit: 4 })
    const events: DmabufEvent[] = []
    kernel.events.listen((event) => events.push(event))
    expect(kernel.sys.memfdCreate('a', 0)).toBe(3)
    expect(kernel.sys.memfdCreate('b', 0)).toBe(-errno.EMFILE)
    const kinds = events.filter(({ kind }) => kind === 'memory' || kind === 'release')
    expect(kinds).toMatchObject([
      { kind: 'memory', buffer: -1, size: 0, what: 'memfd a' },
      { kind: 'memory', buffer: -2, what: 'memfd b' },
      { kind: 'release', buffer: -2 },
    ])
  })
})

describe('seals', () => {
  it.each([
    ['unknown bits', 0, 0x40, errno.EINVAL],
    ['any once sealed against it', F_SEAL_SEAL, F_SEAL_GROW, errno.EPERM],
    ['unknown bits before that', F_SEAL_SEAL, 0x40, errno.EINVAL],
  ])('refuse %s', (_what, before, seals, expected) => {
    const { sys } = start()
    const fd = sys.memfdCreate('a', MFD_ALLOW_SEALING)
    expect(sys.fcntl(fd, uapi.F_ADD_SEALS, before)).toBe(0)
    expect(sys.fcntl(fd, uapi.F_ADD_SEALS, seals)).toBe(-expected)
    expect(sys.fcntl(fd, uapi.F_GET_SEALS, 0)).toBe(before)
  })

  it('are of memfds alone', () => {
    const { sys } = start()
    const readOnly = sys.open('/dev/dma_heap/system', uapi.O_RDONLY)
    const writable = sys.open('/dev/dma_heap/system', uapi.O_RDWR)
    expect(sys.fcntl(readOnly, uapi.F_ADD_SEALS, F_SEAL_SHRINK)).toBe(-errno.EPERM)
    expect(sys.fcntl(writable, uapi.F_ADD_SEALS, F_SEAL_SHRINK)).toBe(-errno.EINVAL)
    expect(sys.fcntl(writable, uapi.F_GET_SEALS, 0)).toBe(-errno.EINVAL)
  })

  it('against writing wait for shared mappings to go, also those that only read', () => {
    const kernel = start()
    const { sys } = kernel
    const fd = memfd(kernel, PAGE)
    const add = (): number => sys.fcntl(fd, uapi.F_ADD_SEALS, F_SEAL_WRITE)
    const shared = sys.mmap(PAGE, uapi.PROT_READ, uapi.MAP_SHARED, fd, 0)
    const own = sys.mmap(PAGE, RW, uapi.MAP_PRIVATE, fd, 0)
    expect(add()).toBe(-errno.EBUSY)
    sys.munmap(shared, PAGE)
    expect(add()).toBe(0)
    expect(own).toBeGreaterThan(0)
    expect(share(kernel, fd, PAGE)).toBe(-errno.EPERM)
    const reader = sys.mmap(PAGE, uapi.PROT_READ, uapi.MAP_SHARED, fd, 0)
    expect(peek(kernel, reader)).toBe(0)
  })

  it('against writing in future leave a mapping that is there', () => {
    const kernel = start()
    const fd = memfd(kernel, PAGE)
    const before = share(kernel, fd, PAGE)
    expect(kernel.sys.fcntl(fd, uapi.F_ADD_SEALS, F_SEAL_FUTURE_WRITE)).toBe(0)
    expect(poke(kernel, before, 1)).toBe(0)
    expect(share(kernel, fd, PAGE)).toBe(-errno.EPERM)
  })

  it('of the right to execute bring all others, where there is that right', () => {
    const { sys } = start()
    const seals = (flags: number): number => {
      const fd = sys.memfdCreate('a', flags | MFD_ALLOW_SEALING)
      sys.fcntl(fd, uapi.F_ADD_SEALS, F_SEAL_EXEC)
      return sys.fcntl(fd, uapi.F_GET_SEALS, 0)
    }
    expect(seals(MFD_EXEC)).toBe(
      F_SEAL_EXEC | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE,
    )
    expect(seals(MFD_NOEXEC_SEAL)).toBe(F_SEAL_EXEC)
  })
})

describe('ftruncate', () => {
  it('is refused for what is no memfd, for less than nothing, and where sealed', () => {
    const kernel = start()
    const { sys } = kernel
    expect(sys.ftruncate(99, 0)).toBe(-errno.EBADF)
    expect(sys.ftruncate(sys.open('/dev/dma_heap/system', 2), 0)).toBe(-errno.EINVAL)
    const fd = memfd(kernel, PAGE)
    expect(sys.ftruncate(fd, -1)).toBe(-errno.EINVAL)
    expect(sys.ftruncate(fd, 2 ** 45)).toBe(-errno.ENOMEM)
    sys.fcntl(fd, uapi.F_ADD_SEALS, F_SEAL_GROW)
    expect(sys.ftruncate(fd, PAGE + 1)).toBe(-errno.EPERM)
    sys.fcntl(fd, uapi.F_ADD_SEALS, F_SEAL_SHRINK)
    expect([sys.ftruncate(fd, PAGE - 1), sys.ftruncate(fd, PAGE)]).toEqual([-errno.EPERM, 0])
    expect(sys.lseek(fd, 0, uapi.SEEK_END)).toBe(PAGE)
  })

  it('makes zeros, also where something was before', () => {
    const kernel = start()
    const { sys } = kernel
    const fd = memfd(kernel, 3 * PAGE)
    const address = share(kernel, fd, 3 * PAGE)
    sys.store(address, new Uint8Array(3 * PAGE).fill(7))
    sys.ftruncate(fd, PAGE + 10)
    expect([peek(kernel, address + PAGE + 9), peek(kernel, address + PAGE + 10)]).toEqual([7, 0])
    expect(peek(kernel, address + 2 * PAGE)).toBe(-errno.EFAULT)
    sys.ftruncate(fd, 3 * PAGE)
    expect([peek(kernel, address + PAGE + 9), peek(kernel, address + 2 * PAGE)]).toEqual([7, 0])
  })

  it('takes pages away from a mapping, and leaves the others', () => {
    const kernel = start()
    const fd = memfd(kernel, PAGE)
    kernel.sys.ftruncate(fd, 2 * PAGE)
    const address = share(kernel, fd, 2 * PAGE)
    poke(kernel, address, 1)
    poke(kernel, address + PAGE, 2)
    kernel.sys.ftruncate(fd, PAGE)
    expect([peek(kernel, address), peek(kernel, address + PAGE)]).toEqual([1, -errno.EFAULT])
    expect(kernel.sys.view(address + PAGE, 1, 'mapping')).toBe(-errno.EFAULT)
  })

  it('leaves the arrays over a sealed memfd alone when it makes the file longer', () => {
    const kernel = start()
    const fd = memfd(kernel, PAGE, F_SEAL_SHRINK)
    const array = kernel.sys.view(share(kernel, fd, PAGE), PAGE, 'mapping') as Uint8Array
    array[0] = 1
    kernel.sys.ftruncate(fd, 2 * PAGE)
    expect([array[0], isDead(array)]).toEqual([1, false])
  })
})

describe('an array over a memfd', () => {
  it.each(['raw', 'checked'] as const)('is refused without F_SEAL_SHRINK: %s views', (views) => {
    const kernel = start({ views })
    const fd = memfd(kernel, PAGE)
    const early = share(kernel, fd, PAGE)
    expect(kernel.sys.view(early, PAGE, 'mapping')).toBe(-errno.EINVAL)
    expect([poke(kernel, early, 4), peek(kernel, early)]).toEqual([0, 4])
    kernel.sys.fcntl(fd, uapi.F_ADD_SEALS, F_SEAL_SHRINK)
    expect(kernel.sys.view(early, PAGE, 'mapping')).toBe(-errno.EINVAL)
    const late = share(kernel, fd, PAGE)
    expect((kernel.sys.view(late, PAGE, 'mapping') as Uint8Array)[0]).toBe(4)
  })

  it('is refused where the mapping goes beyond the end of the file', () => {
    const kernel = start()
    const fd = memfd(kernel, PAGE - 1, F_SEAL_SHRINK)
    expect(kernel.sys.view(share(kernel, fd, 2 * PAGE), PAGE, 'mapping')).toBe(-errno.EINVAL)
    expect(kernel.sys.view(share(kernel, fd, PAGE), PAGE, 'mapping')).toBeInstanceOf(Uint8Array)
  })
})

describe('a mapping of a memfd', () => {
  it('cannot be used beyond the end, until the file gets there', () => {
    const kernel = start()
    const fd = memfd(kernel, 0)
    const address = share(kernel, fd, 2 * PAGE)
    expect(address).toBeGreaterThan(0)
    expect(peek(kernel, address)).toBe(-errno.EFAULT)
    kernel.sys.ftruncate(fd, 1)
    expect([poke(kernel, address + PAGE - 1, 5), poke(kernel, address + PAGE, 5)]).toEqual([
      0,
      -errno.EFAULT,
    ])
    kernel.sys.ftruncate(fd, 2 * PAGE)
    expect([peek(kernel, address + PAGE - 1), peek(kernel, address + PAGE)]).toEqual([5, 0])
  })

  it('shares its bytes with every other one and with read, and outlives the descriptor', () => {
    const kernel = start()
    const { sys } = kernel
    const fd = memfd(kernel, 2 * PAGE)
    const a = share(kernel, fd, 2 * PAGE)
    const b = share(kernel, fd, PAGE, PAGE)
    sys.store(a + PAGE, new TextEncoder().encode('hello'))
    expect(peek(kernel, b)).toBe(104)
    sys.lseek(fd, PAGE, uapi.SEEK_SET)
    expect(readAll(kernel, fd).replaceAll('\0', '')).toBe('hello')
    expect(sys.lseek(fd, 0, uapi.SEEK_CUR)).toBe(2 * PAGE)
    sys.close(fd)
    expect(peek(kernel, a + PAGE + 1)).toBe(101)
  })

  it('is announced with where its bytes lie, and no bracket is asked for', () => {
    const kernel = start()
    const events: DmabufEvent[] = []
    kernel.events.listen((event) => events.push(event))
    const fd = memfd(kernel, 2 * PAGE)
    const address = share(kernel, fd, PAGE, PAGE)
    poke(kernel, address + 1, 1)
    kernel.sys.munmap(address, PAGE)
    kernel.sys.close(fd)
    const told = events.filter(({ kind }) => kind !== 'call' && !kind.startsWith('fd-'))
    expect(told).toMatchObject([
      { kind: 'memory', buffer: -1, size: 0 },
      { kind: 'memory', buffer: -1, size: 2 * PAGE },
      {
        kind: 'cpu-map',
        buffer: -1,
        placement: [{ offset: PAGE, length: PAGE }],
        expandable: true,
      },
      { kind: 'cpu-store', range: { start: 0, end: 2 * PAGE }, agent: { kind: 'kernel' } },
      { kind: 'cpu-store', buffer: -1, range: { start: PAGE + 1, end: PAGE + 2 } },
      { kind: 'cpu-unmap', buffer: -1 },
      { kind: 'release', buffer: -1 },
    ])
  })

  it('that is private keeps its stores to itself', () => {
    const kernel = start()
    const { sys } = kernel
    const fd = memfd(kernel, 2 * PAGE)
    const shared = share(kernel, fd, 2 * PAGE)
    const own = sys.mmap(2 * PAGE, RW, uapi.MAP_PRIVATE, fd, 0)
    sys.store(own + PAGE - 1, Uint8Array.of(1, 2))
    expect([peek(kernel, shared + PAGE - 1), peek(kernel, shared + PAGE)]).toEqual([0, 0])
    expect([peek(kernel, own + PAGE - 1), peek(kernel, own + PAGE)]).toEqual([1, 2])
    poke(kernel, shared, 9)
    expect(peek(kernel, own)).toBe(0)
    expect(sys.view(own, PAGE, 'mapping')).toBe(-errno.EINVAL)
  })
})

describe('seeking in a memfd', () => {
  it('goes anywhere from its start, its end and where it is, but not before the start', () => {
    const kernel = start()
    const { sys } = kernel
    const fd = memfd(kernel, 100)
    expect(sys.lseek(fd, 10, uapi.SEEK_SET)).toBe(10)
    expect(sys.lseek(fd, 5, uapi.SEEK_CUR)).toBe(15)
    expect(sys.lseek(fd, 5, uapi.SEEK_END)).toBe(105)
    expect(sys.read(fd, new Uint8Array(4))).toBe(0)
    expect(sys.lseek(fd, -106, uapi.SEEK_CUR)).toBe(-errno.EINVAL)
    expect(sys.lseek(fd, 0, 9)).toBe(-errno.EINVAL)
  })
})
