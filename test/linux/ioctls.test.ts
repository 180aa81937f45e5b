import { closeSync, fstatSync, openSync, readdirSync, readSync, writeSync } from 'node:fs'
import { describe, expect, onTestFinished, test } from 'vitest'
import { DMA_BUF_IOCTL_SYNC, dmaBufSync } from '../../src/abi/dma-buf.ts'
import { errno } from '../../src/abi/errno.ts'
import { F_GETFL, O_NONBLOCK, SEEK_END } from '../../src/abi/fcntl.ts'
import { UDMABUF_CREATE, udmabufCreate } from '../../src/abi/udmabuf.ts'
import {
  VIDIOC_DQBUF,
  VIDIOC_QUERYCAP,
  VIDIOC_S_FMT,
  VIDIOC_STREAMOFF,
} from '../../src/abi/v4l2.ts'
import { v4l2Buffer, v4l2Capability, v4l2Format, v4l2Type } from '../../src/abi/v4l2-struct.ts'
import { Ioctls } from '../../src/linux/ioctls.ts'
import { Ledger } from '../../src/linux/ledger.ts'
import { type Libc, loadLibc } from '../../src/linux/libc.ts'
import { Memory } from '../../src/linux/memory.ts'
import { Poller } from '../../src/linux/poller.ts'
import { CallScope } from '../../src/syscalls/call-scope.ts'
import { plainArg } from '../../src/syscalls/ioctl-arg.ts'
import type { WaitOptions } from '../../src/syscalls/syscalls.ts'
import { Fifo, skipped } from './here.ts'

const READ = 1
const inode = (fd: number): number => fstatSync(fd).ino
const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20))

/**
 * The requests of this process on FIFOs in the part of devices: a FIFO is a dma-buf whose fence is
 * signalled once there is something to read, and a queue whose DQBUF takes a byte. All else is real.
 */
class Bench {
  /** `start` or `dequeue` and the inode of the file, for each request that the kernel got. */
  readonly got: string[] = []
  /** How often poll was asked about a descriptor. */
  polls = 0
  /** DQBUF finds nothing, also if there is something to read. */
  isEmpty = false
  /** The event that calls on another thread wait for. */
  threads: Promise<unknown> = Promise.resolve()
  readonly #libc: Libc
  readonly #poller: Poller
  readonly #ioctls: Ioctls

  constructor() {
    const real = loadLibc()
    const ioctl: Libc['ioctl'] = (fd, request, argument) => this.#ioctl(fd, request, argument)
    this.#libc = {
      ...real,
      lseek: (_fd, _offset, whence) => (whence === SEEK_END ? 4096 : -errno.EINVAL),
      poll: (fds, count) => {
        this.polls++
        return real.poll(fds, count)
      },
      ioctl,
      ioctlLater: async (fd, request, argument) => {
        await this.threads
        return ioctl(fd, request, argument)
      },
    }
    this.#poller = new Poller(this.#libc)
    const ledger = new Ledger()
    this.#ioctls = new Ioctls({
      libc: this.#libc,
      memory: new Memory({
        ...{ libc: this.#libc, ledger },
        scope: new CallScope(),
        mode: 'direct',
      }),
      poller: this.#poller,
      ledger,
      origin: () => undefined,
    })
    onTestFinished(() => this.#poller.close())
  }

  #ioctl(fd: number, request: number, argument: Uint8Array | null): number {
    try {
      if (request === DMA_BUF_IOCTL_SYNC) return this.#note('start', fd)
      if (request === UDMABUF_CREATE && argument !== null) {
        return this.#note('udmabuf', udmabufCreate.over(argument).memfd | 0)
      }
      if (request !== VIDIOC_DQBUF) return this.#note(`0x${request.toString(16)}`, fd)
      if (this.isEmpty) return this.#note('empty', fd) - errno.EAGAIN
      const byte = new Uint8Array(1)
      readSync(fd, byte, 0, 1, null)
      argument?.set(byte)
      return this.#note('dequeue', fd)
    } catch (error) {
      return (error as { errno: number }).errno
    }
  }

  #note(what: string, fd: number): number {
    this.got.push(`${what} ${inode(fd)}`)
    return 0
  }

  start(fd: number, options?: WaitOptions): Promise<number> {
    const argument = plainArg(dmaBufSync.create({ flags: READ }))
    return this.#ioctls.call({ fd, request: DMA_BUF_IOCTL_SYNC, argument }, options)
  }

  dequeue(fd: number, options?: WaitOptions): Promise<number> {
    const argument = plainArg(v4l2Buffer.create({ type: 1 }))
    return this.#ioctls.call({ fd, request: VIDIOC_DQBUF, argument }, options)
  }

  plain(fd: number, request: number, bytes: Uint8Array, options?: WaitOptions): Promise<number> {
    return this.#ioctls.call({ fd, request, argument: plainArg(bytes) }, options)
  }

  get waitsFor(): number {
    return this.#poller.count
  }
}

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  void promise.finally(() => {
    settled = true
  })
  await tick()
  return settled
}

/** Each possible fate of a descriptor number while a request waits on it. */
const fates: Record<string, (fd: number) => Disposable | undefined> = {
  'is closed': () => undefined,
  'is given to a memfd': (fd) => {
    const memfd = loadLibc().memfdCreate('other', 0)
    expect(memfd).toBe(fd)
    return { [Symbol.dispose]: () => closeSync(memfd) }
  },
  'is given to another device': (fd) => {
    const other = new Fifo()
    // The lowest free number is the one that was closed.
    const again = openSync(other.path, 'r+')
    const taken = other.fd === fd ? other.fd : again
    expect(taken).toBe(fd)
    writeSync(other.fd, 'stranger')
    return {
      [Symbol.dispose]: () => {
        closeSync(again)
        other[Symbol.dispose]()
      },
    }
  },
}

describe.skipIf(skipped !== '')(`a request that waits on the real kernel${skipped}`, () => {
  for (const [fate, give] of Object.entries(fates)) {
    for (const what of ['start', 'dequeue'] as const) {
      test(`${what} acts on the file it was made on, though its number ${fate} meanwhile`, async () => {
        using fifo = new Fifo()
        const bench = new Bench()
        const fd = openSync(fifo.path, 'r+')
        const waiting = bench[what](fd)
        await tick()
        closeSync(fd)
        using _stranger = give(fd)
        expect(await isSettled(waiting)).toBe(false)
        writeSync(fifo.fd, 'x')
        expect(await waiting).toBe(0)
        expect(bench.got).toEqual([`${what} ${inode(fifo.fd)}`])
      })
    }
  }

  test('leaves no descriptor behind, done or aborted', async () => {
    using fifo = new Fifo()
    const bench = new Bench()
    await bench.start(fifo.fd, { signal: AbortSignal.timeout(1) })
    const before = readdirSync('/proc/self/fd').length
    const { signal } = new AbortController()
    const abort = new AbortController()
    const aborted = [bench.start(fifo.fd, abort), bench.dequeue(fifo.fd, abort)]
    abort.abort()
    expect(await Promise.all(aborted)).toEqual([-errno.EINTR, -errno.EINTR])
    const done = bench.start(fifo.fd, { signal })
    writeSync(fifo.fd, 'x')
    expect(await done).toBe(0)
    expect([readdirSync('/proc/self/fd').length, bench.waitsFor]).toEqual([before, 0])
  })

  for (const order of ['start first', 'start last']) {
    test(`start waits again for a fence that came before its turn, ${order}`, async () => {
      using fifo = new Fifo()
      const bench = new Bench()
      const early = order === 'start first' ? bench.start(fifo.fd) : undefined
      // The byte that it reads was the sign that the fence is signalled.
      const taking = bench.dequeue(fifo.fd)
      const started = early ?? bench.start(fifo.fd)
      writeSync(fifo.fd, 'x')
      await taking
      expect(await isSettled(started)).toBe(false)
      writeSync(fifo.fd, 'y')
      expect(await started).toBe(0)
    })
  }

  test('start is made on another thread where a fence was seen before, and in place elsewhere', async () => {
    using fenced = new Fifo()
    using plain = new Fifo()
    const bench = new Bench()
    const first = bench.start(fenced.fd)
    for (const { fd } of [fenced, plain]) writeSync(fd, 'x')
    await first
    let go = (): void => {}
    bench.threads = new Promise<void>((resolve) => {
      go = resolve
    })
    const again = bench.start(fenced.fd)
    expect(await bench.start(plain.fd)).toBe(0)
    expect(await isSettled(again)).toBe(false)
    go()
    expect(await again).toBe(0)
  })

  test('a request on another thread means the descriptors in its argument as they were', async () => {
    using device = new Fifo()
    const bench = new Bench()
    let go = (): void => {}
    bench.threads = new Promise<void>((resolve) => {
      go = resolve
    })
    const memfd = loadLibc().memfdCreate('mine', 0)
    const mine = inode(memfd)
    const bytes = udmabufCreate.create({ memfd, size: 2 ** 21 })
    const gone = udmabufCreate.create({ memfd: 99_999, size: 2 ** 21 })
    const made = [bytes, gone].map((each) => bench.plain(device.fd, UDMABUF_CREATE, each))
    closeSync(memfd)
    using stranger = new Fifo()
    expect(stranger.fd).toBe(memfd)
    go()
    expect(await Promise.all(made)).toEqual([0, -errno.EBADF])
    expect(bench.got).toEqual([`udmabuf ${mine}`])
    expect([bytes, gone].map((each) => udmabufCreate.over(each).memfd)).toEqual([memfd, 99_999])
  })

  test('dequeue with nothing there leaves the event loop alone, and an abort ends it', async () => {
    using fifo = new Fifo()
    const bench = new Bench()
    const controller = new AbortController()
    const waiting = bench.dequeue(fifo.fd, { signal: controller.signal })
    expect(await isSettled(waiting)).toBe(false)
    controller.abort()
    expect(await waiting).toBe(-errno.EINTR)
    expect(bench.got).toEqual([])
  })

  test('dequeue takes what is there without asking poll, which would start the emulation of read()', async () => {
    using fifo = new Fifo()
    const bench = new Bench()
    writeSync(fifo.fd, 'x')
    expect(await bench.dequeue(fifo.fd)).toBe(0)
    const waiting = bench.dequeue(fifo.fd)
    await tick()
    writeSync(fifo.fd, 'y')
    expect(await waiting).toBe(0)
    expect(bench.polls).toBe(0)
  })

  test('dequeue keeps what poll claims for ever from spinning, and goes on at the next event', async () => {
    using fifo = new Fifo()
    const bench = new Bench()
    bench.isEmpty = true
    writeSync(fifo.fd, 'x')
    const waiting = bench.dequeue(fifo.fd)
    expect(await isSettled(waiting)).toBe(false)
    expect(bench.got.length).toBeLessThanOrEqual(3)
    bench.isEmpty = false
    writeSync(fifo.fd, 'y')
    expect(await waiting).toBe(0)
  })

  test('dequeue of two at a time is EBUSY for the second, by file and not by number', async () => {
    using fifo = new Fifo()
    using other = new Fifo()
    const bench = new Bench()
    const copy = loadLibc().dup(fifo.fd)
    const waiting = bench.dequeue(fifo.fd)
    expect(await bench.dequeue(copy)).toBe(-errno.EBUSY)
    const elsewhere = bench.dequeue(other.fd)
    for (const { fd } of [fifo, other]) writeSync(fd, 'x')
    expect(await Promise.all([waiting, elsewhere])).toEqual([0, 0])
    writeSync(fifo.fd, 'y')
    expect(await bench.dequeue(copy)).toBe(0)
    closeSync(copy)
  })

  test('dequeue is EAGAIN with O_NONBLOCK, and takes that flag off again where it was not there', async () => {
    using fifo = new Fifo()
    const bench = new Bench()
    const libc = loadLibc()
    const fd = libc.open(fifo.path, 2 | O_NONBLOCK)
    expect(await bench.dequeue(fd)).toBe(-errno.EAGAIN)
    expect(libc.fcntl(fd, F_GETFL, 0) & O_NONBLOCK).toBe(O_NONBLOCK)
    closeSync(fd)
    const controller = new AbortController()
    const waiting = bench.dequeue(fifo.fd, controller)
    expect(libc.fcntl(fifo.fd, F_GETFL, 0) & O_NONBLOCK).toBe(0)
    controller.abort()
    await waiting
  })

  test('a request in place goes to another thread while its device is busy, as its lock is taken', async () => {
    using busy = new Fifo()
    using idle = new Fifo()
    const bench = new Bench()
    let go = (): void => {}
    bench.threads = new Promise<void>((resolve) => {
      go = resolve
    })
    const long = bench.plain(busy.fd, VIDIOC_S_FMT, v4l2Format.create())
    const asked = bench.plain(busy.fd, VIDIOC_QUERYCAP, v4l2Capability.create())
    const dequeue = bench.dequeue(busy.fd)
    writeSync(busy.fd, 'x')
    expect(await bench.plain(idle.fd, VIDIOC_QUERYCAP, v4l2Capability.create())).toBe(0)
    expect(await isSettled(Promise.race([long, asked, dequeue]))).toBe(false)
    go()
    expect(await Promise.all([long, asked, dequeue])).toEqual([0, 0, 0])
  })

  test('a stream that is stopped lets waits for it look, before its queue can be freed', async () => {
    using fifo = new Fifo()
    const bench = new Bench()
    const waiting = bench.dequeue(fifo.fd)
    await tick()
    bench.isEmpty = true
    const stopped = bench.plain(fifo.fd, VIDIOC_STREAMOFF, v4l2Type.create({ type: 1 }))
    const before = bench.got.length
    await stopped
    expect(bench.got.slice(before)).toContain(`empty ${inode(fifo.fd)}`)
    bench.isEmpty = false
    writeSync(fifo.fd, 'x')
    expect(await waiting).toBe(0)
  })

  test('what may never come back takes few threads, and waits for one until it is aborted', async () => {
    using fifo = new Fifo()
    const bench = new Bench()
    let go = (): void => {}
    bench.threads = new Promise<void>((resolve) => {
      go = resolve
    })
    const unknown = (options?: WaitOptions): Promise<number> =>
      bench.plain(fifo.fd, 0x1234, new Uint8Array(0), options)
    const running = [unknown(), unknown()]
    const controller = new AbortController()
    const queued = unknown(controller)
    const last = unknown()
    controller.abort()
    expect(await queued).toBe(-errno.EINTR)
    expect(bench.got).toEqual([])
    go()
    expect(await Promise.all([...running, last])).toEqual([0, 0, 0])
  })
})

describe.skipIf(skipped !== '')(`a request that no driver here has${skipped}`, () => {
  const bench = (): Ioctls => {
    const libc = loadLibc()
    const ledger = new Ledger()
    const memory = new Memory({ libc, ledger, scope: new CallScope(), mode: 'direct' })
    const poller = new Poller(libc)
    onTestFinished(() => poller.close())
    return new Ioctls({ libc, memory, poller, ledger, origin: () => undefined })
  }

  test('DQBUF is ENOTTY at once, although nothing can be read', async () => {
    const fd = loadLibc().open('/dev/ptmx', 2)
    const argument = plainArg(v4l2Buffer.create({ type: 1 }))
    expect(await bench().call({ fd, request: VIDIOC_DQBUF, argument })).toBe(-errno.ENOTTY)
    closeSync(fd)
  })

  test('writes nothing behind an array that is too short for it', async () => {
    const TCGETS = 0x5401
    const ioctls = bench()
    const fd = loadLibc().open('/dev/ptmx', 2)
    const whole = new Uint8Array(64)
    for (const length of [0, 1, 8]) {
      const argument = plainArg(whole.subarray(0, length))
      expect(await ioctls.call({ fd, request: TCGETS, argument })).toBe(0)
    }
    expect(whole.subarray(0, 8).some((byte) => byte !== 0)).toBe(true)
    expect(whole.subarray(8).every((byte) => byte === 0)).toBe(true)
    closeSync(fd)
  })
})
