/** Small things that a program can see, as Linux shows them. */
import { describe, expect, it } from 'vitest'
import * as uapi from '../uapi.ts'
import { allocate, memfd, readAll, share, start } from './rig.ts'

const { errno } = uapi

function fdinfo(kernel: ReturnType<typeof start>, fd: number): Map<string, string> {
  const info = kernel.sys.open(`/proc/self/fdinfo/${fd}`, 0)
  const lines = readAll(kernel, info).trimEnd().split('\n')
  kernel.sys.close(info)
  return new Map(lines.map((line) => line.split(':\t') as [string, string]))
}

describe('fdinfo', () => {
  it('counts every descriptor and every mapping of the buffer', async () => {
    const kernel = start()
    const fd = await allocate(kernel)
    const counts: (string | undefined)[] = []
    const count = (): number => counts.push(fdinfo(kernel, fd).get('count'))
    count()
    const copy = kernel.sys.dup(fd)
    count()
    const address = share(kernel, fd, 8192)
    count()
    kernel.sys.munmap(address, 4096)
    count()
    kernel.sys.munmap(address + 4096, 4096)
    kernel.sys.close(copy)
    count()
    expect(counts).toEqual(['1', '2', '3', '3', '1'])
  })

  it('shows the access mode and close-on-exec, in octal', async () => {
    const kernel = start()
    const flags = async (fdFlags: number): Promise<string | undefined> =>
      fdinfo(kernel, await allocate(kernel, 4096, fdFlags)).get('flags')
    expect(await flags(uapi.O_RDWR)).toBe('02')
    expect(await flags(uapi.O_RDONLY)).toBe('00')
    expect(await flags(uapi.O_RDWR | uapi.O_CLOEXEC)).toBe('02000002')
    const fd = memfd(kernel, 1)
    kernel.sys.fcntl(fd, uapi.F_SETFL, uapi.O_NONBLOCK)
    expect(fdinfo(kernel, fd).get('flags')).toBe('0104002')
  })

  it('of a number that is not open is ENOENT', () => {
    expect(start().sys.open('/proc/self/fdinfo/9', 0)).toBe(-errno.ENOENT)
  })
})

describe('descriptor flags', () => {
  it.each([
    [uapi.O_RDWR, 0],
    [uapi.O_RDWR | uapi.O_CLOEXEC, uapi.FD_CLOEXEC],
  ])('of a heap buffer allocated with 0x%i are %i', async (fdFlags, expected) => {
    const kernel = start()
    const fd = await allocate(kernel, 4096, fdFlags)
    expect(kernel.sys.fcntl(fd, uapi.F_GETFD, 0)).toBe(expected)
    expect(kernel.sys.fcntl(fd, uapi.F_GETFL, 0)).toBe(uapi.O_RDWR)
  })

  it.each([
    [uapi.F_DUPFD, 0],
    [uapi.F_DUPFD_CLOEXEC, uapi.FD_CLOEXEC],
  ])(
    'duplicating with command %i takes the lowest number at or above the argument',
    (command, onExec) => {
      const { sys } = start({ fdLimit: 12 })
      const fd = sys.memfdCreate('a', 0)
      expect(sys.fcntl(fd, command, 10)).toBe(10)
      expect(sys.fcntl(fd, command, 0)).toBe(4)
      expect(sys.fcntl(10, uapi.F_GETFD, 0)).toBe(onExec)
      expect(sys.fcntl(fd, command, 10)).toBe(11)
      expect(sys.fcntl(fd, command, 10)).toBe(-errno.EMFILE)
      expect(sys.fcntl(fd, command, 12)).toBe(-errno.EINVAL)
      expect(sys.fcntl(fd, command, -1)).toBe(-errno.EINVAL)
      expect(sys.fcntl(99, command, 12)).toBe(-errno.EBADF)
    },
  )
})

describe('poll', () => {
  it('passes over negative descriptors, and reports numbers that are not open', async () => {
    const { sys } = start()
    const ignored = { fd: -1, events: uapi.POLLIN, revents: 7 }
    expect(await sys.poll([ignored], 0)).toBe(0)
    expect(ignored.revents).toBe(0)
    const closed = { fd: 50, events: 0, revents: 0 }
    expect(await sys.poll([ignored, closed], -1)).toBe(1)
    expect(closed.revents).toBe(uapi.POLLNVAL)
  })

  it('finds a file without a poll operation ready to read and to write, with no urgent data', async () => {
    const kernel = start()
    const all = uapi.POLLIN | uapi.POLLOUT | uapi.POLLPRI
    const entry = { fd: memfd(kernel, 1), events: all as number, revents: 0 }
    expect(await kernel.sys.poll([entry], -1)).toBe(1)
    expect(entry.revents).toBe(uapi.POLLIN | uapi.POLLOUT)
    entry.events = uapi.POLLPRI
    expect(await kernel.sys.poll([entry], 0)).toBe(0)
  })

  it('finds no urgent data on a camera', async () => {
    const { sys } = start()
    const fd = sys.open('/dev/video0', uapi.O_RDWR)
    expect(await sys.poll([{ fd, events: uapi.POLLPRI, revents: 0 }], 0)).toBe(0)
  })
})

describe('debugfs', () => {
  it('lists the buffers with all their references', async () => {
    const kernel = start()
    const fd = await allocate(kernel, 4096)
    kernel.sys.dup(fd)
    const info = kernel.sys.open('/sys/kernel/debug/dma_buf/bufinfo', uapi.O_RDONLY)
    const text = readAll(kernel, info)
    expect(text).toContain('\n00004096\t00000002\t')
    expect(text).toMatch(/\t00000002\tsystem\t00000001\t<none>\n/)
    expect(text).toMatch(/\nTotal 1 objects, 4096 bytes\n$/)
  })
})
