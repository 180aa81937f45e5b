/** Values that a program may well pass, and that the simulated kernel has to survive. */
import { describe, expect, test, vi } from 'vitest'
import { VideoDevice } from '../../src/index.ts'
import * as uapi from '../uapi.ts'
import { allocate, memfd, readAll, share, start } from './rig.ts'

const none = undefined as never

describe('open', () => {
  test('ignores the bits that it does not know, and keeps no creation flags', () => {
    const { sys } = start()
    const fd = sys.open('/dev/video0', 0xffffffff)
    const flags = sys.fcntl(fd, uapi.F_GETFL, 0)
    expect(flags).toBe(uapi.O_VALID & ~uapi.O_CLOEXEC & ~uapi.O_ONCE)
    expect(sys.fcntl(fd, uapi.F_GETFD, 0)).toBe(uapi.FD_CLOEXEC)
  })

  test('with every bit has an fdinfo with a positive number', () => {
    const kernel = start()
    const fd = kernel.sys.open('/dev/video0', 0xffffffff)
    const info = kernel.sys.open(`/proc/self/fdinfo/${fd}`, uapi.O_RDONLY)
    expect(readAll(kernel, info)).toMatch(/flags:\t0[0-7]+\n/)
  })
})

describe('lseek', () => {
  test('to a place that no number says exactly is EOVERFLOW, and moves as the kernel does', () => {
    const kernel = start()
    const fd = memfd(kernel, 4096)
    const last = Number.MAX_SAFE_INTEGER
    expect(kernel.sys.lseek(fd, 5, uapi.SEEK_SET)).toBe(5)
    expect(kernel.sys.lseek(fd, last, uapi.SEEK_END)).toBe(-uapi.errno.EOVERFLOW)
    expect(kernel.sys.lseek(fd, 0, uapi.SEEK_CUR)).toBe(-uapi.errno.EOVERFLOW)
    expect(kernel.sys.lseek(fd, last, uapi.SEEK_SET)).toBe(last)
  })
})

describe('the virtual clock', () => {
  test('goes on after a sleep that was refused', async () => {
    const kernel = start()
    for (const time of [Number.NaN, undefined, {}, Number.POSITIVE_INFINITY, -1, 2 ** 53 - 1]) {
      await expect(kernel.sleep(time as number)).rejects.toThrow(/nanoseconds/)
    }
    await kernel.sleep(1e9 / 60)
    expect(kernel.now()).toBe(1e9 / 60)
    expect(kernel.scheduler.hasWaiters).toBe(false)
    await using camera = await VideoDevice.open(kernel)
    await camera.setFormat({ width: 64, height: 32, format: 'XR24' })
    await camera.startMmap(2)
    for await (await using frame of camera.frames({ count: 1 })) {
      expect(Number.isSafeInteger(frame.timestamp)).toBe(true)
    }
  })

  test('has an end, at which whoever still waits is stuck', async () => {
    let waiting: readonly string[] = []
    const kernel = start({ scheduler: { onStuck: (tasks) => (waiting = tasks) } })
    await kernel.sleep(2 ** 52)
    void kernel.sys.poll([], 1)
    await vi.waitFor(() => expect([kernel.now(), waiting.length]).toEqual([2 ** 52, 1]))
  })

  test('lets a poll for longer than itself wait for ever', async () => {
    let waiting: readonly string[] = []
    const kernel = start({ scheduler: { onStuck: (tasks) => (waiting = tasks) } })
    void kernel.sys.poll([], 2 ** 53 - 1)
    await vi.waitFor(() => expect(waiting.length).toBe(1))
  })

  test('lets the host abort a long sleep while devices work', async () => {
    const kernel = start()
    let refreshes = 0
    const refresh = (): void => {
      refreshes++
      kernel.scheduler.at(kernel.now() + 1000, refresh)
    }
    refresh()
    const stop = new AbortController()
    setTimeout(() => stop.abort(), 1)
    const slept = kernel.sleep(3600e9, { signal: stop.signal })
    await expect(slept).rejects.toThrow(/EINTR/)
    expect(refreshes).toBeLessThan(3600e6)
  })
})

describe('an ioctl whose memory is transferred while it sleeps', () => {
  const transfer = (bytes: Uint8Array<ArrayBuffer>): void => {
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
  }

  test('is EFAULT, and leaves a kernel that works', async () => {
    const kernel = start()
    const fd = await allocate(kernel)
    const bytes = uapi.dmaBufSync.create({ flags: uapi.DMA_BUF_SYNC_READ })
    const call = kernel.sys.ioctl(fd, uapi.DMA_BUF_IOCTL_SYNC, { bytes })
    transfer(bytes)
    expect(await call).toBe(-uapi.errno.EFAULT)
    expect(await allocate(kernel)).toBe(fd + 1)
  })

  test('is EFAULT too where a pointer leads to it', async () => {
    const { sys } = start()
    const fd = sys.open('/dev/dri/card0', uapi.O_RDWR)
    const name = new Uint8Array(8)
    const bytes = uapi.drmVersion.create({ name_len: name.length })
    const pointers = new Map([[uapi.drmVersion.offsets.name, { bytes: name }]])
    const call = sys.ioctl(fd, uapi.DRM_IOCTL_VERSION, { bytes, pointers })
    transfer(name)
    expect(await call).toBe(-uapi.errno.EFAULT)
  })
})

describe('the waist', () => {
  const bytes = uapi.dmaBufSync.create()
  const loop = new Map()
  loop.set(0, { bytes, pointers: loop })
  const calls: [string, RegExp, (sys: uapi.Syscalls) => unknown][] = [
    ['open', /path is 5; it must be a string/, (sys) => sys.open(5 as never, 0)],
    ['memfd_create', /name is undefined/, (sys) => sys.memfdCreate(none, 0)],
    ['close', /fd is type symbol/, (sys) => sys.close(Symbol('x') as never)],
    ['view', /scope type symbol/, (sys) => sys.view(0, 1, Symbol('x') as never)],
    ['ioctl', /argument is undefined/, (sys) => sys.ioctl(3, 0, none)],
    ['ioctl', /must be a Map/, (sys) => sys.ioctl(3, 0, { bytes, pointers: {} as never })],
    [
      'ioctl',
      /is null/,
      (sys) => sys.ioctl(3, 0, { bytes, pointers: new Map([[0, null]]) as never }),
    ],
    ['ioctl', /deeper than 4/, (sys) => sys.ioctl(3, 0, { bytes, pointers: loop })],
    ['ioctl', /signal is an object/, (sys) => sys.ioctl(3, 0, { bytes }, { signal: {} as never })],
    ['ioctl', /options are null/, (sys) => sys.ioctl(3, 0, { bytes }, null as never)],
    ['poll', /fds is 5; it must be an array/, (sys) => sys.poll(5 as never, 0)],
    ['poll', /fds is an object/, (sys) => sys.poll(new Set() as never, 0)],
    ['poll', /entry is null/, (sys) => sys.poll([null as never], 0)],
    [
      'poll',
      /entry is an object/,
      (sys) => sys.poll([Object.freeze({ fd: 3, events: 1, revents: 0 })], 0),
    ],
    ['poll', /timeout is type string/, (sys) => sys.poll([], 'x' as never)],
  ]
  test.each(calls)('asserts what %s was given: %s', async (_name, message, body) => {
    const kernel = start()
    const call = (async () => await body(kernel.sys))()
    await expect(call).rejects.toThrow(expect.objectContaining({ code: 'ERR_ASSERTION' }))
    await expect(call).rejects.toThrow(message)
    expect(kernel.scheduler.hasWaiters).toBe(false)
    expect(share(kernel, memfd(kernel, 4096), 4096)).toBeGreaterThan(0)
  })
})
