import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { errno } from '../../src/abi/errno.ts'
import { POLLIN, POLLNVAL, POLLOUT } from '../../src/abi/fcntl.ts'
import { LinuxKernel } from '../../src/linux/index.ts'
import { plainArg } from '../../src/syscalls/ioctl-arg.ts'
import type { PollFd } from '../../src/syscalls/syscalls.ts'
import { Fifo, skipped } from './here.ts'

/** How many bytes can be read: a request that this package does not know. */
const FIONREAD = 0x541b

function entry(fd: number, events = POLLIN): PollFd {
  return { fd, events, revents: 0 }
}

describe.skipIf(skipped !== '')(`waiting on the real kernel${skipped}`, () => {
  const kernel = skipped === '' ? new LinuxKernel() : (undefined as never)
  afterAll(() => kernel?.close())

  async function isSettled(promise: Promise<unknown>): Promise<boolean> {
    let settled = false
    void promise.finally(() => {
      settled = true
    })
    await new Promise((resolve) => setTimeout(resolve, 20))
    return settled
  }

  test('poll answers at once for what is ready, wrong or ignored', async () => {
    using fifo = new Fifo()
    const entries = [entry(fifo.fd, POLLIN | POLLOUT), entry(99_999), entry(-1)]
    expect(await kernel.sys.poll(entries, -1)).toBe(2)
    expect(entries.map(({ revents }) => revents)).toEqual([POLLOUT, POLLNVAL, 0])
    expect(await kernel.sys.poll([], 0)).toBe(0)
  })

  test('poll waits without stopping the event loop, until there is something', async () => {
    using fifo = new Fifo()
    const [first, second] = [entry(fifo.fd), entry(fifo.fd)]
    const waits = [kernel.sys.poll([first], -1), kernel.sys.poll([entry(-1), second], -1)]
    expect(await isSettled(Promise.race(waits))).toBe(false)
    writeSync(fifo.fd, 'x')
    expect(await Promise.all(waits)).toEqual([1, 1])
    expect([first.revents, second.revents]).toEqual([POLLIN, POLLIN])
  })

  test('poll goes on with a wait whose event somebody else took', async () => {
    using fifo = new Fifo()
    const waiting = kernel.sys.poll([entry(fifo.fd)], -1)
    writeSync(fifo.fd, 'x')
    readSync(fifo.fd, new Uint8Array(1))
    expect(await isSettled(waiting)).toBe(false)
    writeSync(fifo.fd, 'y')
    expect(await waiting).toBe(1)
  })

  test('poll ends when its time is over, and not before', async () => {
    using fifo = new Fifo()
    const before = kernel.now()
    const waiting = entry(fifo.fd)
    expect(await kernel.sys.poll([waiting], 3_000_001)).toBe(0)
    expect(kernel.now() - before).toBeGreaterThanOrEqual(3_000_001)
    expect(waiting.revents).toBe(0)
  })

  test('poll ends with EINTR when aborted, before or during the wait', async () => {
    using fifo = new Fifo()
    const signal = AbortSignal.abort()
    expect(await kernel.sys.poll([entry(fifo.fd)], -1, { signal })).toBe(-errno.EINTR)
    const controller = new AbortController()
    const waiting = kernel.sys.poll([entry(fifo.fd)], -1, { signal: controller.signal })
    controller.abort()
    expect(await waiting).toBe(-errno.EINTR)
  })

  test('poll holds the open file, whatever becomes of the number', async () => {
    using fifo = new Fifo()
    const fd = openSync(fifo.path, 'r+')
    const waiting = kernel.sys.poll([entry(fd)], -1)
    closeSync(fd)
    const reused = openSync('/dev/null', 'r+')
    expect(reused).toBe(fd)
    expect(await isSettled(waiting)).toBe(false)
    writeSync(fifo.fd, 'x')
    expect(await waiting).toBe(1)
    closeSync(reused)
  })

  test('close ends waits with EINTR, and later ones still work', async () => {
    using fifo = new Fifo()
    const other = new LinuxKernel()
    const waiting = other.sys.poll([entry(fifo.fd)], -1)
    other.close()
    expect(await waiting).toBe(-errno.EINTR)
    const again = other.sys.poll([entry(fifo.fd)], -1)
    writeSync(fifo.fd, 'x')
    expect(await again).toBe(1)
    other.close()
  })

  test('read does not wait, also where the descriptor would', () => {
    using fifo = new Fifo()
    const target = new Uint8Array(4)
    expect(kernel.sys.read(fifo.fd, target)).toBe(-errno.EAGAIN)
    writeSync(fifo.fd, 'ab')
    expect(kernel.sys.read(fifo.fd, target)).toBe(2)
    expect([...target]).toEqual([97, 98, 0, 0])
    expect(kernel.sys.read(99_999, target)).toBe(-errno.EBADF)
  })

  test('a request that nobody knows is made on another thread, and its answer comes back', async () => {
    using fifo = new Fifo()
    writeSync(fifo.fd, 'abc')
    const argument = plainArg(new Uint8Array(4))
    const called = kernel.sys.ioctl(fifo.fd, FIONREAD, argument)
    expect(argument.bytes[0]).toBe(0)
    expect(await called).toBe(0)
    expect(argument.bytes[0]).toBe(3)
    expect(await kernel.sys.ioctl(99_999, FIONREAD, argument)).toBe(-errno.EBADF)
    expect(
      await kernel.sys.ioctl(fifo.fd, FIONREAD, argument, { signal: AbortSignal.abort() }),
    ).toBe(-errno.EINTR)
  })

  test('a descriptor that is closed while a request waits for its thread is still the old one', async () => {
    using fifo = new Fifo()
    writeSync(fifo.fd, 'abc')
    const fd = openSync(fifo.path, 'r+')
    const argument = plainArg(new Uint8Array(4))
    const called = kernel.sys.ioctl(fd, FIONREAD, argument)
    closeSync(fd)
    const reused = openSync('/dev/null', 'r+')
    expect(await called).toBe(0)
    expect(argument.bytes[0]).toBe(3)
    closeSync(reused)
  })

  test('sleep takes at least its time, and ends with EINTR when aborted', async () => {
    const before = kernel.now()
    await kernel.sleep(2_000_000)
    expect(kernel.now() - before).toBeGreaterThanOrEqual(2_000_000)
    const signal = AbortSignal.abort()
    await expect(kernel.sleep(1e12, { signal })).rejects.toThrow(/^EINTR.*aborted/)
  })
})
