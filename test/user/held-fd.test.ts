import { describe, expect, test } from 'vitest'
import { runProgram } from '../../src/run/run-program.ts'
import type { Kernel } from '../../src/syscalls/kernel.ts'
import { DmaHeap } from '../../src/user/dma-heap.ts'
import { DrmDevice } from '../../src/user/drm-device.ts'
import { Memfd } from '../../src/user/memfd.ts'
import { VideoDevice } from '../../src/user/video-device.ts'
import { start } from '../sim/rig.ts'

const STRANGER = /^EBADF.*descriptor \d+ was closed by other code.*belongs to another file/

/** Closes `fd` behind the object that has it, and lets a new memfd get the number. */
function giveAway(sys: Parameters<typeof Memfd.create>[0]['sys'], fd: number): Memfd {
  expect(sys.close(fd)).toBe(0)
  const stranger = Memfd.create({ sys }, 'stranger', 4096)
  expect(stranger.fd).toBe(fd)
  return stranger
}

describe('an object whose descriptor number was closed behind it and given to another file', () => {
  test('a buffer refuses to touch that, and to close it', async () => {
    const kernel = start()
    using heap = DmaHeap.open(kernel)
    const buffer = await heap.allocate(4096)
    using stranger = giveAway(kernel.sys, buffer.fd)
    expect(() => buffer.fd).toThrow(STRANGER)
    expect(() => buffer.map()).toThrow(STRANGER)
    expect(() => buffer.release()).toThrow(STRANGER)
    await expect(buffer.startCpuAccess('read')).rejects.toThrow(STRANGER)
    await expect(buffer.withCpuAccess('read', () => 0)).rejects.toThrow(STRANGER)
    expect(() => buffer.close()).toThrow(STRANGER)
    expect(buffer.closed).toBe(true)
    buffer.close()
    expect(stranger.map().length).toBe(4096)
  })

  test('another buffer with the number is not taken for the first', async () => {
    const kernel = start()
    using heap = DmaHeap.open(kernel)
    const first = await heap.allocate(4096)
    const { fd } = first
    kernel.sys.close(fd)
    using second = await heap.allocate(8192)
    expect(second.fd).toBe(fd)
    await expect(first.startCpuAccess('write')).rejects.toThrow(STRANGER)
    await second.withCpuAccess('write', (bytes) => bytes.fill(1))
  })

  test('a memfd, a heap and a sync file refuse it as well', async () => {
    const kernel = start()
    using heap = DmaHeap.open(kernel)
    using buffer = await heap.allocate(4096)
    const file = await buffer.exportSyncFile('read')
    using _other = giveAway(kernel.sys, file.fd)
    await expect(file.isSignaled()).rejects.toThrow(STRANGER)
    expect(() => file.close()).toThrow(STRANGER)
    const memfd = Memfd.create(kernel, 'mine', 4096)
    using _another = giveAway(kernel.sys, memfd.fd)
    expect(() => memfd.resize(0)).toThrow(STRANGER)
    expect(() => memfd.close()).toThrow(STRANGER)
  })

  test('a camera and a display refuse it, at their next request and when they are closed', async () => {
    const kernel = start()
    for (const open of [VideoDevice.open, DrmDevice.open]) {
      // The next free number is the one that it gets.
      using probe = Memfd.create(kernel, 'probe', 4096)
      const fd: number = probe.fd
      probe.close()
      const device = await open(kernel)
      using _stranger = giveAway(kernel.sys, fd)
      const asked = device instanceof VideoDevice ? device.formats() : device.outputs()
      await expect(asked).rejects.toThrow(STRANGER)
      await expect(device.close()).rejects.toThrow(/EBADF/)
      expect(kernel.sys.lseek(fd, 0, 2)).toBe(4096)
    }
  })

  test('a request that an interruption ends is not made again on the other file', async () => {
    const kernel = start()
    using heap = DmaHeap.open(kernel)
    const first = await heap.allocate(4096)
    const { fd } = first
    kernel.fail('DMA_BUF_IOCTL_SYNC', 1, 'EINTR')
    const refused = expect(first.startCpuAccess('read')).rejects.toThrow(
      /^EBADF.*closed while the request waited/,
    )
    kernel.sys.close(fd)
    using second = await heap.allocate(4096)
    expect(second.fd).toBe(fd)
    await refused
  })

  test('a number that is only closed is left to the kernel, and the checker names both closes', async () => {
    const result = await runProgram(
      async (kernel) => {
        using heap = DmaHeap.open(kernel)
        using buffer = await heap.allocate(4096)
        kernel.sys.close(buffer.fd)
      },
      { board: 'pc' },
    )
    expect(result.findings.map(({ rule }) => rule)).toContain('fd-misuse')
    expect(result.error?.message).toMatch(/EBADF/)
  })

  test('a run reports the line whose call was refused, and that a disposal was', async () => {
    const given = (kernel: Kernel, fd: number): Memfd => giveAway(kernel.sys, fd)
    const called = await runProgram(async (kernel) => {
      using heap = DmaHeap.open(kernel)
      const buffer = await heap.allocate(4096)
      using _stranger = given(kernel, buffer.fd)
      await buffer.withCpuAccess('write', (bytes) => bytes.fill(1))
    })
    expect(called.error?.message).toMatch(/^the program threw: EBADF.*DmaBuf.withCpuAccess/)
    expect(called.error?.place?.file).toMatch(/held-fd\.test\.ts$/)
    const disposed = await runProgram(async (kernel) => {
      using heap = DmaHeap.open(kernel)
      let stranger: Memfd | undefined
      {
        using buffer = await heap.allocate(4096)
        stranger = given(kernel, buffer.fd)
      }
      stranger.close()
    })
    expect(disposed.error?.message).toMatch(
      /^the program threw while an object of `using` was disposed: EBADF.*another file/,
    )
    expect(disposed.error?.place?.file).toMatch(/held-fd\.test\.ts$/)
  })

  test('one that was released, or adopted by another object, is used as before', async () => {
    const kernel = start()
    const memfd = Memfd.create(kernel, 'mine', 4096)
    const fd = memfd.release()
    expect(kernel.sys.close(fd)).toBe(0)
    using again = Memfd.create(kernel, 'again', 4096)
    expect(again.fd).toBe(fd)
    expect(again.seals).toEqual([])
  })
})
