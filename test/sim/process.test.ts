/** The waist of the simulated kernel, call by call. */
import { describe, expect, it } from 'vitest'
import type { SimKernel } from '../../src/sim/kernel.ts'
import * as uapi from '../uapi.ts'
import { allocate, isDead, RW, readAll, start, sync } from './rig.ts'

const { errno } = uapi

describe('descriptors', () => {
  it('are the lowest free numbers, and close once', () => {
    const { sys } = start()
    const path = '/dev/dma_heap/system'
    const fds = [sys.open(path, 0), sys.open(path, 0), sys.open(path, 0)]
    expect(sys.close(fds[1] as number)).toBe(0)
    expect(sys.open(path, 0)).toBe(fds[1])
    expect(sys.close(fds[0] as number)).toBe(0)
    expect(sys.close(fds[0] as number)).toBe(-errno.EBADF)
    expect(sys.dup(99)).toBe(-errno.EBADF)
    expect(sys.open('/dev/nothing', 0)).toBe(-errno.ENOENT)
  })

  it('run out with EMFILE, and the call that wanted one leaves nothing behind', async () => {
    const kernel = start({ fdLimit: 5 })
    expect(await allocate(kernel)).toBe(4)
    const first = kernel.sys.open('/dev/dma_heap/system', 0)
    expect(first).toBe(3)
    expect(kernel.sys.open('/dev/dma_heap/system', 0)).toBe(-errno.EMFILE)
    expect(kernel.sys.dup(first)).toBe(-errno.EMFILE)
    const bytes = uapi.dmaHeapAllocationData.create({ len: 4096, fd_flags: uapi.O_RDWR })
    expect(await kernel.sys.ioctl(first, uapi.DMA_HEAP_IOCTL_ALLOC, { bytes })).toBe(-errno.EMFILE)
    expect(kernel.buffers).toEqual([1])
  })

  it('share their file when duplicated, which lives as long as the last of them', async () => {
    const kernel = start()
    const fd = await allocate(kernel)
    const copy = kernel.sys.fcntl(fd, uapi.F_DUPFD_CLOEXEC, 0)
    expect(kernel.sys.fcntl(copy, uapi.F_GETFD, 0)).toBe(uapi.FD_CLOEXEC)
    kernel.sys.close(fd)
    expect(kernel.buffers).toEqual([1])
    kernel.sys.close(copy)
    expect(kernel.buffers).toEqual([])
  })
})

describe('a heap', () => {
  it.each([
    ['no length', { len: 0 }, errno.EINVAL],
    ['an fd going in', { len: 1, fd: 3 }, errno.EINVAL],
    ['unknown fd flags', { len: 1, fd_flags: 0x100 }, errno.EINVAL],
    ['heap flags', { len: 1, heap_flags: 1 }, errno.EINVAL],
    ['more than there is', { len: 2 ** 45 }, errno.ENOMEM],
  ])('refuses %s', async (_what, values, expected) => {
    const kernel = start()
    const heap = kernel.sys.open('/dev/dma_heap/system', uapi.O_RDWR)
    const bytes = uapi.dmaHeapAllocationData.create(values)
    expect(await kernel.sys.ioctl(heap, uapi.DMA_HEAP_IOCTL_ALLOC, { bytes })).toBe(-expected)
    expect(kernel.buffers).toEqual([])
  })

  it('knows one request by its number alone, and no other', async () => {
    const { sys } = start()
    const heap = sys.open('/dev/dma_heap/system', uapi.O_RDWR)
    const other = uapi.iowr('H', 1, 8)
    expect(await sys.ioctl(heap, other, { bytes: new Uint8Array(8) })).toBe(-errno.EINVAL)
  })
})

describe('the position of a file', () => {
  const far = Number.MAX_SAFE_INTEGER

  it('is exact beyond what a number holds, and lseek says that it cannot return it', () => {
    const kernel = start()
    const fd = kernel.sys.memfdCreate('far', 0)
    kernel.sys.ftruncate(fd, 4096)
    expect(kernel.sys.lseek(fd, far, uapi.SEEK_SET)).toBe(far)
    expect(kernel.sys.lseek(fd, far, uapi.SEEK_END)).toBe(-errno.EOVERFLOW)
    const position = (): string => {
      const info = kernel.sys.open(`/proc/self/fdinfo/${fd}`, 0)
      const text = readAll(kernel, info)
      kernel.sys.close(info)
      return /^pos:\t(\d+)/.exec(text)?.[1] ?? ''
    }
    expect(position()).toBe(String(BigInt(far) + 4096n))
    expect(kernel.sys.read(fd, new Uint8Array(8))).toBe(0)
    expect(kernel.sys.lseek(fd, 1, uapi.SEEK_CUR)).toBe(-errno.EOVERFLOW)
    expect(position()).toBe(String(BigInt(far) + 4097n))
    expect(kernel.sys.lseek(fd, -4097, uapi.SEEK_CUR)).toBe(far)
  })

  it('of a text is its start, once a seek cannot be shown any more', () => {
    const kernel = start()
    const fd = kernel.sys.memfdCreate('gone', 0)
    const info = kernel.sys.open(`/proc/self/fdinfo/${fd}`, 0)
    expect(kernel.sys.lseek(info, 3, uapi.SEEK_SET)).toBe(3)
    kernel.sys.close(fd)
    expect(kernel.sys.lseek(info, 1, uapi.SEEK_SET)).toBe(-errno.ENOENT)
    const own = kernel.sys.open(`/proc/self/fdinfo/${info}`, 0)
    expect(readAll(kernel, own)).toMatch(/^pos:\t0\n/)
  })

  it('stays where it was before the start of the file', () => {
    const kernel = start()
    const fd = kernel.sys.memfdCreate('near', 0)
    expect(kernel.sys.lseek(fd, 5, uapi.SEEK_SET)).toBe(5)
    expect(kernel.sys.lseek(fd, -6, uapi.SEEK_CUR)).toBe(-errno.EINVAL)
    expect(kernel.sys.lseek(fd, 0, uapi.SEEK_CUR)).toBe(5)
    const info = kernel.sys.open(`/proc/self/fdinfo/${fd}`, 0)
    expect(kernel.sys.lseek(info, far, uapi.SEEK_SET)).toBe(far)
    expect(kernel.sys.lseek(info, far, uapi.SEEK_CUR)).toBe(-errno.EOVERFLOW)
  })
})

describe('polling', () => {
  it.each([
    ['a node', (kernel: SimKernel) => kernel.sys.open('/dev/udmabuf', uapi.O_RDWR), 0x145],
    ['a memfd', (kernel: SimKernel) => kernel.sys.memfdCreate('a', 0), 0x145],
    ['a dma-buf', allocate, 0x5],
  ])(
    '%s reports the events that it is ready for, of those that were asked for',
    async (_what, open, ready) => {
      const kernel = start()
      const fd = await open(kernel)
      for (const events of [
        0,
        uapi.POLLIN,
        uapi.POLLOUT,
        uapi.POLLRDNORM,
        uapi.POLLWRNORM,
        0x7ff,
      ]) {
        const entry = { fd, events, revents: 0 }
        expect(await kernel.sys.poll([entry], 0)).toBe((events & ready) === 0 ? 0 : 1)
        expect(entry.revents).toBe(events & ready)
      }
    },
  )
})

describe('a dma-buf', () => {
  it('tells its size by seeking, and nothing else', async () => {
    const own = start()
    const fd = await allocate(own, 5000)
    expect(own.sys.lseek(fd, 0, uapi.SEEK_END)).toBe(8192)
    expect(own.sys.lseek(fd, 0, uapi.SEEK_SET)).toBe(0)
    expect(own.sys.lseek(fd, 1, uapi.SEEK_SET)).toBe(-errno.EINVAL)
    expect(own.sys.lseek(fd, 0, uapi.SEEK_CUR)).toBe(-errno.EINVAL)
  })

  it.each([
    ['unknown bits', 8 | uapi.DMA_BUF_SYNC_READ, errno.EINVAL],
    ['no access', uapi.DMA_BUF_SYNC_END, errno.EINVAL],
    ['a bit above the low 32', 2 ** 32 + uapi.DMA_BUF_SYNC_READ, errno.EINVAL],
  ])('refuses SYNC with %s', async (_what, flags, expected) => {
    const kernel = start()
    expect(await sync(kernel, await allocate(kernel), flags)).toBe(-expected)
  })

  it('accepts END without START and START twice, as the kernel does', async () => {
    const kernel = start()
    const fd = await allocate(kernel)
    expect(await sync(kernel, fd, uapi.DMA_BUF_SYNC_END | uapi.DMA_BUF_SYNC_RW)).toBe(0)
    expect(await sync(kernel, fd, uapi.DMA_BUF_SYNC_RW)).toBe(0)
    expect(await sync(kernel, fd, uapi.DMA_BUF_SYNC_RW)).toBe(0)
  })

  it('knows no other request', async () => {
    const kernel = start()
    const fd = await allocate(kernel)
    const unknown = uapi.iowr('b', 9, 8)
    expect(await kernel.sys.ioctl(fd, unknown, { bytes: new Uint8Array(8) })).toBe(-errno.ENOTTY)
    const wrongSize = uapi.iow('b', 0, 16)
    expect(await kernel.sys.ioctl(fd, wrongSize, { bytes: new Uint8Array(16) })).toBe(-errno.ENOTTY)
  })

  it('shows its name and its references in fdinfo', async () => {
    const kernel = start()
    const fd = await allocate(kernel)
    const name = new Uint8Array(32)
    name.set(new TextEncoder().encode('frame 1'))
    expect(await kernel.sys.ioctl(fd, uapi.DMA_BUF_SET_NAME_B, { bytes: name })).toBe(0)
    const info = kernel.sys.open(`/proc/self/fdinfo/${fd}`, 0)
    expect(readAll(kernel, info)).toMatch(
      /size:\t8192\ncount:\t1\nexp_name:\tsystem\nname:\tframe 1\n$/,
    )
    const long = new Uint8Array(40).fill(65, 0, 39)
    expect(await kernel.sys.ioctl(fd, uapi.DMA_BUF_SET_NAME_B, { bytes: long })).toBe(-errno.EINVAL)
  })
})

describe('mappings', () => {
  it.each([
    ['no length', 0, 0, errno.EINVAL],
    ['an offset within a page', 4096, 100, errno.EINVAL],
    ['what lies past the end', 8192, 4096, errno.EINVAL],
    ['more than the whole pages', 12_288, 0, errno.EINVAL],
  ])('refuse %s', async (_what, length, offset, expected) => {
    const kernel = start()
    const fd = await allocate(kernel)
    expect(kernel.sys.mmap(length, RW, uapi.MAP_SHARED, fd, offset)).toBe(-expected)
  })

  it('respect how the descriptor was opened', async () => {
    const kernel = start()
    const readOnly = await allocate(kernel, 4096, uapi.O_RDONLY)
    expect(kernel.sys.mmap(4096, RW, uapi.MAP_SHARED, readOnly, 0)).toBe(-errno.EACCES)
    const address = kernel.sys.mmap(4096, uapi.PROT_READ, uapi.MAP_SHARED, readOnly, 0)
    expect(kernel.sys.load(address, new Uint8Array(1))).toBe(0)
    expect(kernel.sys.store(address, new Uint8Array(1))).toBe(-errno.EFAULT)
  })

  it('keep the buffer alive after its descriptor, and are gone after munmap', async () => {
    const kernel = start()
    const fd = await allocate(kernel)
    const address = kernel.sys.mmap(8192, RW, uapi.MAP_SHARED, fd, 0)
    kernel.sys.close(fd)
    expect(kernel.buffers).toEqual([1])
    expect(kernel.sys.store(address + 8190, Uint8Array.of(1, 2))).toBe(0)
    expect(kernel.sys.store(address + 8191, Uint8Array.of(1, 2))).toBe(-errno.EFAULT)
    expect(kernel.sys.munmap(address, 4096)).toBe(0)
    expect(kernel.sys.load(address, new Uint8Array(1))).toBe(-errno.EFAULT)
    expect(kernel.sys.load(address + 4096, new Uint8Array(1))).toBe(0)
    expect(kernel.buffers).toEqual([1])
    expect(kernel.sys.munmap(address, 8192)).toBe(0)
    expect(kernel.buffers).toEqual([])
    expect(kernel.sys.load(address, new Uint8Array(1))).toBe(-errno.EFAULT)
    expect(kernel.sys.view(address, 1, 'mapping')).toBe(-errno.EFAULT)
  })

  it('show one memory, through views, loads and stores alike', async () => {
    const kernel = start()
    const fd = await allocate(kernel)
    const a = kernel.sys.mmap(8192, RW, uapi.MAP_SHARED, fd, 0)
    const b = kernel.sys.mmap(4096, RW, uapi.MAP_SHARED, fd, 4096)
    const view = kernel.sys.view(a, 8192, 'mapping') as Uint8Array
    view[4096] = 7
    const target = new Uint8Array(1)
    expect(kernel.sys.load(b, target)).toBe(0)
    expect(target[0]).toBe(7)
    kernel.sys.store(b, Uint8Array.of(9))
    expect(view[4096]).toBe(9)
  })
})

describe('a bracket', () => {
  it("ends its own views, and leaves a mapping's alone", async () => {
    const kernel = start()
    const fd = await allocate(kernel)
    const address = kernel.sys.mmap(8192, RW, uapi.MAP_SHARED, fd, 0)
    await sync(kernel, fd, uapi.DMA_BUF_SYNC_RW)
    const first = kernel.sys.view(address, 8192, 'bracket') as Uint8Array
    await sync(kernel, fd, uapi.DMA_BUF_SYNC_END | uapi.DMA_BUF_SYNC_RW)
    expect(isDead(first)).toBe(true)
    const raw = kernel.sys.view(address, 8192, 'mapping') as Uint8Array
    await sync(kernel, fd, uapi.DMA_BUF_SYNC_RW)
    const second = kernel.sys.view(address, 8192, 'bracket') as Uint8Array
    await sync(kernel, fd, uapi.DMA_BUF_SYNC_END | uapi.DMA_BUF_SYNC_RW)
    expect([isDead(raw), isDead(second)]).toEqual([false, false])
  })
})

describe('failures on purpose', () => {
  it('hit the nth call of a name, once', async () => {
    const kernel = start()
    const fd = await allocate(kernel)
    kernel.fail('mmap', 2, 'ENOMEM')
    kernel.fail('DMA_BUF_IOCTL_SYNC', 1, 'EINTR')
    const map = (): number => kernel.sys.mmap(4096, RW, uapi.MAP_SHARED, fd, 0)
    expect([map() > 0, map(), map() > 0]).toEqual([true, -errno.ENOMEM, true])
    expect(await sync(kernel, fd, uapi.DMA_BUF_SYNC_RW)).toBe(-errno.EINTR)
    expect(await sync(kernel, fd, uapi.DMA_BUF_SYNC_RW)).toBe(0)
  })
})

describe('calls that overlap in one task', () => {
  it('take effect in the order in which they were made', async () => {
    const kernel = start()
    const fd = await allocate(kernel)
    const order: string[] = []
    kernel.events.listen(({ kind }) => {
      if (kind === 'cpu-access-begin' || kind === 'cpu-access-end') order.push(kind)
    })
    for (let i = 0; i < 5; i++) kernel.sys.lseek(fd, 0, uapi.SEEK_END)
    await Promise.all([
      sync(kernel, fd, uapi.DMA_BUF_SYNC_RW),
      sync(kernel, fd, uapi.DMA_BUF_SYNC_END | uapi.DMA_BUF_SYNC_RW),
    ])
    expect(order).toEqual(['cpu-access-begin', 'cpu-access-end'])
  })
})
