/** mmap's flags, mremap, and parts of mappings. */
import { describe, expect, it } from 'vitest'
import * as uapi from '../uapi.ts'
import { allocate, isDead, memfd, PAGE, peek, poke, RW, share, start } from './rig.ts'

const { errno, MREMAP_MAYMOVE } = uapi

describe('mmap', () => {
  it.each([
    ['neither shared nor private', 0, errno.EINVAL],
    ['a fourth kind', 4, errno.EINVAL],
    ['flags unknown to MAP_SHARED_VALIDATE', uapi.MAP_SHARED_VALIDATE | 0x100000, errno.EOPNOTSUPP],
  ])('refuses %s', (_what, flags, expected) => {
    const kernel = start()
    expect(kernel.sys.mmap(PAGE, RW, flags, memfd(kernel, PAGE), 0)).toBe(-expected)
  })

  it('takes all three kinds, and ignores unknown flags with MAP_SHARED', () => {
    const kernel = start()
    const fd = memfd(kernel, PAGE)
    const kinds = [uapi.MAP_PRIVATE, uapi.MAP_SHARED_VALIDATE, uapi.MAP_SHARED | 0x100000]
    for (const kind of kinds) expect(kernel.sys.mmap(PAGE, RW, kind, fd, 0)).toBeGreaterThan(0)
  })

  it('looks at the offset before the descriptor, and at the length after it', () => {
    const { sys } = start()
    expect(sys.mmap(0, RW, uapi.MAP_SHARED, 99, 1)).toBe(-errno.EINVAL)
    expect(sys.mmap(0, RW, uapi.MAP_SHARED, 99, 0)).toBe(-errno.EBADF)
  })
})

describe('munmap', () => {
  it('of the middle leaves both ends, and the arrays over them', async () => {
    const kernel = start()
    const { sys } = kernel
    const fd = await allocate(kernel, 3 * PAGE)
    const address = share(kernel, fd, 3 * PAGE)
    sys.close(fd)
    const views = [0, 2].map((page) => sys.view(address + page * PAGE, PAGE, 'mapping'))
    expect(sys.munmap(address + PAGE, PAGE)).toBe(0)
    for (const view of views as Uint8Array[]) view[0] = 3
    expect(peek(kernel, address + 2 * PAGE)).toBe(3)
    expect(sys.load(address + PAGE - 1, new Uint8Array(2))).toBe(-errno.EFAULT)
    expect(sys.munmap(address, 3 * PAGE)).toBe(0)
    expect(kernel.buffers).toEqual([])
  })

  it('ends the arrays over it', async () => {
    const kernel = start()
    const address = share(kernel, await allocate(kernel, 2 * PAGE), 2 * PAGE)
    const view = kernel.sys.view(address + PAGE - 1, 2, 'mapping') as Uint8Array
    view[0] = 8
    kernel.sys.munmap(address + PAGE, PAGE)
    expect(isDead(view)).toBe(true)
    expect(peek(kernel, address + PAGE - 1)).toBe(8)
  })

  it.each([
    ['an address within a page', 1, PAGE],
    ['no length', 0, 0],
  ])('refuses %s', (_what, by, length) => {
    const kernel = start()
    const address = share(kernel, memfd(kernel, PAGE), PAGE)
    expect(kernel.sys.munmap(address + by, length)).toBe(-errno.EINVAL)
  })

  it('of nothing does nothing', () => {
    expect(start().sys.munmap(PAGE, PAGE)).toBe(0)
  })
})

interface Asked {
  /** Bytes that the address is beside the mapping's. */
  readonly by?: number
  readonly before?: number
  readonly after?: number
  readonly flags?: number
}

describe('mremap', () => {
  it.each<[string, Asked, number]>([
    ['an address within a page', { by: 1 }, errno.EINVAL],
    ['a new length of 0', { after: 0 }, errno.EINVAL],
    ['MREMAP_FIXED, which the waist has no address for', { flags: 3 }, errno.EINVAL],
    ['an old length of 0', { before: 0 }, errno.EINVAL],
    ['an address where nothing is', { by: -PAGE }, errno.EFAULT],
    ['more than the mapping had', { before: 3 * PAGE, after: 4 * PAGE }, errno.EFAULT],
  ])(
    'refuses %s',
    (_what, { by = 0, before = 2 * PAGE, after = 3 * PAGE, flags = 1 }, expected) => {
      const kernel = start()
      const address = share(kernel, memfd(kernel, 4 * PAGE), 2 * PAGE)
      expect(kernel.sys.mremap(address + by, before, after, flags)).toBe(-expected)
    },
  )

  it('makes a mapping shorter', () => {
    const kernel = start()
    const address = share(kernel, memfd(kernel, 3 * PAGE), 3 * PAGE)
    expect(kernel.sys.mremap(address, 3 * PAGE, PAGE, 0)).toBe(address)
    expect([peek(kernel, address), peek(kernel, address + PAGE)]).toEqual([0, -errno.EFAULT])
  })

  it('makes a mapping longer where it is while there is room, and arrays stay', () => {
    const kernel = start()
    const address = share(kernel, memfd(kernel, 3 * PAGE, uapi.F_SEAL_SHRINK), PAGE)
    const view = kernel.sys.view(address, PAGE, 'mapping') as Uint8Array
    expect(kernel.sys.mremap(address, PAGE, 3 * PAGE, 0)).toBe(address)
    view[0] = 4
    expect([peek(kernel, address), poke(kernel, address + 2 * PAGE, 5)]).toEqual([4, 0])
    expect((kernel.sys.view(address, 3 * PAGE, 'mapping') as Uint8Array)[2 * PAGE]).toBe(5)
  })

  it('moves only when it may, and ends what pointed at the old place', () => {
    const kernel = start()
    const { sys } = kernel
    const fd = memfd(kernel, 3 * PAGE, uapi.F_SEAL_SHRINK)
    const address = share(kernel, fd, PAGE)
    share(kernel, fd, PAGE)
    const view = sys.view(address, PAGE, 'mapping') as Uint8Array
    view[0] = 6
    expect(sys.mremap(address, PAGE, 2 * PAGE, 0)).toBe(-errno.ENOMEM)
    expect(view[0]).toBe(6)
    const moved = sys.mremap(address, PAGE, 2 * PAGE, MREMAP_MAYMOVE)
    expect(moved).toBeGreaterThan(address)
    expect([isDead(view), peek(kernel, address), peek(kernel, moved)]).toEqual([
      true,
      -errno.EFAULT,
      6,
    ])
    expect(poke(kernel, moved + PAGE, 1)).toBe(0)
  })

  it('never makes a mapping of the heap longer: VM_DONTEXPAND', async () => {
    const kernel = start()
    const fd = await allocate(kernel, 2 * PAGE)
    const address = share(kernel, fd, PAGE)
    expect(kernel.sys.mremap(address, PAGE, 2 * PAGE, MREMAP_MAYMOVE)).toBe(-errno.EFAULT)
    expect(kernel.sys.mremap(address, PAGE, PAGE, 0)).toBe(address)
  })

  it('past the end of a memfd maps what cannot be used', () => {
    const kernel = start()
    const address = share(kernel, memfd(kernel, PAGE), PAGE)
    expect(kernel.sys.mremap(address, PAGE, 2 * PAGE, 0)).toBe(address)
    expect([peek(kernel, address), peek(kernel, address + PAGE)]).toEqual([0, -errno.EFAULT])
  })
})
