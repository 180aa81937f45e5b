import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type DmaBuf, DmaHeap, SyncFile, VgemDevice } from 'dmabuf'
import type { LinuxKernel } from 'dmabuf/linux'
import { DMA_BUF_IOCTL_SYNC, dmaBufSync } from '../../../src/abi/dma-buf.ts'
import { POLLIN, POLLOUT } from '../../../src/abi/fcntl.ts'
import { plainArg } from '../../../src/syscalls/ioctl-arg.ts'
import { heapBuffer, openFds, withKernel } from './fixtures.ts'

/** A buffer with a vgem fence on it. */
async function withFence(
  access: 'read' | 'write',
  body: (
    buffer: DmaBuf,
    signal: () => Promise<void>,
    kernel: LinuxKernel,
    vgem: VgemDevice,
  ) => Promise<void>,
): Promise<void> {
  await withKernel(async (kernel) => {
    await using vgem = await VgemDevice.open(kernel)
    using buffer = await heapBuffer(kernel)
    await using imported = await vgem.importBuffer(buffer)
    const fence = await vgem.attachFence(imported, access)
    await body(buffer, () => vgem.signalFence(fence), kernel, vgem)
  })
}

async function pollNow({ sys }: LinuxKernel, fd: number): Promise<number> {
  const entry = { fd, events: POLLIN | POLLOUT, revents: 0 }
  await sys.poll([entry], 0)
  return entry.revents
}

/** Whether `promise` is settled after some turns of the event loop. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  void promise.finally(() => {
    settled = true
  })
  await new Promise((resolve) => setTimeout(resolve, 30))
  return settled
}

describe('a fence', () => {
  it('of a writer keeps readers and writers waiting, and the event loop running', () =>
    withFence('write', async (buffer, signal, kernel) => {
      assert.equal(await pollNow(kernel, buffer.fd), 0)
      const reading = buffer.startCpuAccess('read')
      const writing = buffer.startCpuAccess('write')
      assert.deepEqual([await isSettled(reading), await isSettled(writing)], [false, false])
      await signal()
      await Promise.all([reading, writing])
      await buffer.endCpuAccess('read')
      await buffer.endCpuAccess('write')
      assert.equal(await pollNow(kernel, buffer.fd), POLLIN | POLLOUT)
    }))

  it('of a reader keeps only writers waiting', () =>
    withFence('read', async (buffer, signal, kernel) => {
      assert.equal(await pollNow(kernel, buffer.fd), POLLIN)
      await buffer.startCpuAccess('read')
      await buffer.endCpuAccess('read')
      const writing = buffer.startCpuAccess('write')
      assert.equal(await isSettled(writing), false)
      await signal()
      await writing
      await buffer.endCpuAccess('write')
    }))

  it('is waited for by idle, which tells readers from writers', () =>
    withFence('read', async (buffer, signal) => {
      assert.deepEqual([await buffer.isIdle('read'), await buffer.isIdle('write')], [true, false])
      await buffer.idle('read')
      await assert.rejects(buffer.idle('write', { timeout: 1e6 }), { code: 'ETIME' })
      const waiting = buffer.idle('write')
      assert.equal(await isSettled(waiting), false)
      await signal()
      await waiting
      assert.equal(await buffer.isIdle('write'), true)
    }))

  it('need not be waited for: an abort ends the wait, and nothing is left of it', () =>
    withFence('write', async (buffer, signal, kernel) => {
      await kernel.sys.poll([{ fd: buffer.fd, events: POLLIN, revents: 0 }], 1e6)
      const before = openFds()
      const controller = new AbortController()
      const reading = buffer.startCpuAccess('read', { signal: controller.signal })
      assert.equal(await isSettled(reading.catch(() => undefined)), false)
      controller.abort(new Error('enough'))
      await assert.rejects(reading, /enough/)
      assert.equal(openFds(), before)
      await signal()
    }))

  for (const fate of ['closed', 'given to a memfd', 'given to another dma-buf'] as const) {
    it(`is waited for by the START of its buffer, though the descriptor is ${fate} meanwhile`, () =>
      withFence('write', async (buffer, signal, kernel) => {
        const { sys } = kernel
        const fd = sys.dup(buffer.fd)
        using heap = DmaHeap.open(kernel)
        const read = plainArg(dmaBufSync.create({ flags: 1 }))
        const waiting = sys.ioctl(fd, DMA_BUF_IOCTL_SYNC, read)
        sys.close(fd)
        using other = fate === 'given to another dma-buf' ? await heap.allocate(4096) : undefined
        const memfd = fate === 'given to a memfd' ? sys.memfdCreate('stranger', 0) : undefined
        if (fate !== 'closed') assert.equal(other?.fd ?? memfd, fd)
        assert.equal(await isSettled(waiting), false)
        await signal()
        assert.equal(await waiting, 0)
        if (memfd !== undefined) sys.close(memfd)
        await buffer.endCpuAccess('read')
      }))
  }

  it('is waited for by the open file, though its descriptor is closed meanwhile', () =>
    withFence('write', async (buffer, signal, kernel) => {
      const copy = buffer.dup()
      const entry = { fd: copy.fd as number, events: POLLIN, revents: 0 }
      const waiting = kernel.sys.poll([entry], -1)
      copy.close()
      assert.equal(await isSettled(waiting), false)
      await signal()
      assert.equal(await waiting, 1)
      assert.equal(entry.revents, POLLIN)
    }))
})

describe('a sync file', () => {
  it('is signalled at once where there is no fence', () =>
    withKernel(async (kernel) => {
      using buffer = await heapBuffer(kernel)
      using file = await buffer.exportSyncFile('read-write')
      assert.equal(await file.isSignaled(), true)
      assert.equal((await file.info()).status, 'signaled')
    }))

  it('tells the fences of a buffer, and when they are signalled', () =>
    withFence('write', async (buffer, signal, kernel) => {
      using file = await buffer.exportSyncFile('read')
      const active = await file.info()
      assert.equal(active.status, 'active')
      assert.deepEqual(active.fences, [
        { driver: 'vgem', timeline: 'unbound', status: 'active', signaledAt: undefined },
      ])
      await assert.rejects(file.wait({ timeout: 1e6 }), { code: 'ETIME' })
      const before = kernel.now()
      const waiting = file.wait()
      await signal()
      await waiting
      const { status, fences } = await file.info()
      assert.equal(status, 'signaled')
      const at = fences[0]?.signaledAt ?? 0
      assert.ok(at >= before && at <= kernel.now())
    }))

  it('is imported into another buffer, whose users then wait', () =>
    withFence('write', async (buffer, signal, kernel) => {
      using other = await heapBuffer(kernel)
      using file = await buffer.exportSyncFile('write')
      await other.importSyncFile('read', file)
      assert.equal(await pollNow(kernel, other.fd), POLLIN)
      await signal()
      assert.equal(await pollNow(kernel, other.fd), POLLIN | POLLOUT)
    }))

  it('is merged: signalled when both are', () =>
    withFence('write', async (first, signalFirst, kernel, vgem) => {
      using second = await heapBuffer(kernel)
      await using imported = await vgem.importBuffer(second)
      const fence = await vgem.attachFence(imported, 'write')
      using a = await first.exportSyncFile('read')
      using b = await second.exportSyncFile('read')
      using both = await a.merge(b, 'both')
      const { name, fences } = await both.info()
      assert.deepEqual([name, fences.length], ['both', 2])
      await signalFirst()
      assert.equal(await both.isSignaled(), false)
      await vgem.signalFence(fence)
      await both.wait()
      await assert.rejects(vgem.signalFence(fence), { code: 'ENOENT', message: /signalled once/ })
    }))

  it('is nothing else, and is duplicated and released as descriptors are', () =>
    withKernel(async (kernel) => {
      const before = openFds()
      using buffer = await heapBuffer(kernel)
      await assert.rejects(SyncFile.borrow(kernel, buffer.fd), {
        code: 'ENOTTY',
        message: /not a sync file/,
      })
      const file = await buffer.exportSyncFile('read')
      const copy = file.dup()
      const again = await SyncFile.adopt(kernel, file.release())
      again.close()
      copy.close()
      assert.throws(() => copy.fd, { code: 'EBADF' })
      buffer.close()
      assert.equal(openFds(), before)
    }))
})
