/** The classes that programs use, on the simulated kernel: test/linux asks the same on Linux. */
import { describe, expect, it } from 'vitest'
import { runEveryFailure, runProgram } from '../../../src/run/index.ts'
import type { SimKernel } from '../../../src/sim/kernel.ts'
import type { Kernel } from '../../../src/syscalls/kernel.ts'
import type { DmaBuf } from '../../../src/user/dma-buf.ts'
import { DmaHeap } from '../../../src/user/dma-heap.ts'
import { SyncFile } from '../../../src/user/sync-file.ts'
import { VgemDevice } from '../../../src/user/vgem-device.ts'
import { SIZE, VgemRig } from './rig.ts'

async function heapBuffer(kernel: Kernel): Promise<DmaBuf> {
  using heap = DmaHeap.open(kernel)
  return await heap.allocate(SIZE)
}

interface Stage {
  readonly kernel: SimKernel
  readonly vgem: VgemDevice
  readonly buffer: DmaBuf
  readonly signal: () => Promise<void>
}

/** A buffer with a fence on it; nothing is open before or after. */
async function withFence(
  access: 'read' | 'write',
  body: (stage: Stage) => Promise<void>,
): Promise<void> {
  const rig = new VgemRig()
  const { kernel } = rig
  rig.sys.close(rig.card)
  {
    await using vgem = await VgemDevice.open(kernel)
    using buffer = await heapBuffer(kernel)
    await using imported = await vgem.importBuffer(buffer)
    const fence = await vgem.attachFence(imported, access)
    await body({ kernel, vgem, buffer, signal: () => vgem.signalFence(fence) })
  }
  expect(rig.of('fd-open').length).toBe(rig.of('fd-close').length)
  expect(kernel.buffers).toEqual([])
}

/** Runs `body` while another task signals after `after` nanoseconds. */
async function signalled<T>(
  { kernel, signal }: Stage,
  after: number,
  body: () => Promise<T>,
): Promise<T> {
  const signaller = kernel.spawn('signaller', async () => {
    await kernel.sleep(after)
    await signal()
  })
  const result = await body()
  await signaller
  return result
}

describe('VgemDevice', () => {
  it('finds its card, and says so where there is none', () =>
    withFence('read', async ({ kernel, vgem, signal }) => {
      expect(vgem.path).toBe('/dev/dri/card1')
      await expect(VgemDevice.open(kernel, '/dev/dri/card0')).rejects.toMatchObject({
        code: 'ENOENT',
      })
      await signal()
      await expect(signal()).rejects.toMatchObject({ code: 'ENOENT' })
    }))

  it('puts no second writer on a buffer', () =>
    withFence('write', async ({ vgem, buffer }) => {
      await using again = await vgem.importBuffer(buffer)
      await expect(vgem.attachFence(again, 'write')).rejects.toMatchObject({ code: 'EBUSY' })
    }))
})

describe('a CPU access', () => {
  it.each([
    ['write', 'read', true],
    ['write', 'write', true],
    ['read', 'write', true],
    ['read', 'read', false],
  ] as const)('under a %s fence, to %s, waits: %s', (fence, access, waits) =>
    withFence(fence, async (stage) => {
      const { kernel, buffer } = stage
      const start = kernel.now()
      const began = await signalled(stage, 10_000_000, () =>
        buffer.withCpuAccess(access, () => kernel.now()),
      )
      expect(began - start >= 10_000_000).toBe(waits)
    }),
  )

  it('is given up when its signal aborts', () =>
    withFence('write', async ({ kernel, buffer }) => {
      const controller = new AbortController()
      const abort = kernel.spawn('aborter', async () => {
        await kernel.sleep(1_000_000)
        controller.abort(new Error('enough'))
      })
      const { signal } = controller
      await expect(buffer.startCpuAccess('read', { signal })).rejects.toThrow('enough')
      await abort
    }))
})

describe('DmaBuf.idle', () => {
  it.each([
    ['write', 'read', true],
    ['write', 'write', true],
    ['read', 'write', true],
    ['read', 'read-write', true],
    ['read', 'read', false],
  ] as const)('under a %s fence, for %s, waits: %s', (fence, access, waits) =>
    withFence(fence, async (stage) => {
      const { kernel, buffer } = stage
      expect(await buffer.isIdle(access)).toBe(!waits)
      const start = kernel.now()
      const end = await signalled(stage, 10_000_000, async () => {
        await buffer.idle(access)
        return kernel.now()
      })
      expect(end - start >= 10_000_000).toBe(waits)
      expect(await buffer.isIdle(access)).toBe(true)
    }),
  )

  it('ends at its timeout and at the abort of its signal', () =>
    withFence('write', async ({ kernel, buffer }) => {
      const late = expect.objectContaining({
        code: 'ETIME',
        message: expect.stringContaining("still in use after 1000 ns: exportSyncFile('read')"),
      })
      await expect(buffer.idle('read', { timeout: 1000 })).rejects.toEqual(late)
      const controller = new AbortController()
      const abort = kernel.spawn('aborter', async () => {
        await kernel.sleep(1_000_000)
        controller.abort(new Error('enough'))
      })
      const { signal } = controller
      await expect(buffer.idle('write', { signal })).rejects.toThrow('enough')
      await abort
    }))
})

describe('SyncFile', () => {
  it('tells and waits for the fences of a buffer', () =>
    withFence('write', async (stage) => {
      using file = await stage.buffer.exportSyncFile('read')
      expect(await file.info()).toMatchObject({
        status: 'active',
        fences: [{ driver: 'vgem', timeline: 'unbound', status: 'active', signaledAt: undefined }],
      })
      expect(await file.isSignaled()).toBe(false)
      await expect(file.wait({ timeout: 1_000_000 })).rejects.toMatchObject({ code: 'ETIME' })
      const before = stage.kernel.now()
      await signalled(stage, 1_000_000, () => file.wait())
      const { status, fences } = await file.info()
      expect(status).toBe('signaled')
      expect(fences[0]?.signaledAt).toBeGreaterThan(before)
      expect(fences[0]?.signaledAt).toBeLessThanOrEqual(stage.kernel.now())
    }))

  it('is imported into another buffer, whose users then wait', () =>
    withFence('write', async (stage) => {
      const { kernel, buffer } = stage
      using other = await heapBuffer(kernel)
      using file = await buffer.exportSyncFile('write')
      await other.importSyncFile('read', file)
      await other.withCpuAccess('read', () => {})
      const start = kernel.now()
      await signalled(stage, 10_000_000, () => other.withCpuAccess('write', () => {}))
      expect(kernel.now() - start).toBeGreaterThan(10_000_000)
    }))

  it('is merged: signalled when both are', () =>
    withFence('write', async ({ kernel, vgem, buffer, signal }) => {
      using second = await heapBuffer(kernel)
      await using imported = await vgem.importBuffer(second)
      const fence = await vgem.attachFence(imported, 'write')
      using a = await buffer.exportSyncFile('read')
      using b = await second.exportSyncFile('read')
      using both = await a.merge(b, 'both')
      const { name, fences } = await both.info()
      expect([name, fences.length]).toEqual(['both', 2])
      await signal()
      expect(await both.isSignaled()).toBe(false)
      await vgem.signalFence(fence)
      await both.wait()
    }))

  it('is nothing else, and is duplicated and released as descriptors are', () =>
    withFence('read', async ({ kernel, buffer }) => {
      await expect(SyncFile.borrow(kernel, buffer.fd)).rejects.toMatchObject({ code: 'ENOTTY' })
      const file = await buffer.exportSyncFile('read')
      const copy = file.dup()
      const again = await SyncFile.adopt(kernel, file.release())
      again.close()
      copy.close()
      expect(() => copy.fd).toThrow('EBADF')
    }))
})

/** Every kind of call that fences have, by a program that takes each failure well. */
async function program(kernel: Kernel): Promise<void> {
  await using vgem = await VgemDevice.open(kernel, '/dev/dri/card1')
  using first = await heapBuffer(kernel)
  using second = await heapBuffer(kernel)
  await using imported = await vgem.importBuffer(first)
  const fence = await vgem.attachFence(imported, 'write')
  using a = await first.exportSyncFile('read')
  await second.importSyncFile('write', a)
  using b = await second.exportSyncFile('write')
  using both = await a.merge(b)
  await both.info()
  await vgem.signalFence(fence)
  await both.wait()
  await second.withCpuAccess('read-write', (bytes) => bytes.fill(1))
}

describe('a program with fences', () => {
  it.each(['arm-soc', 'pc', 'pc-bounce'])('that is right is clean on %s', async (board) => {
    const { verdict, error, findings } = await runProgram(program, { board })
    expect([verdict, error, findings]).toEqual(['clean', undefined, []])
  })

  it('leaves nothing and breaks nothing, whatever fails', async () => {
    const { verdict, bad, outcomes } = await runEveryFailure(program)
    expect([verdict, bad]).toEqual(['clean', []])
    const calls = new Set(outcomes.map(({ call }) => call))
    for (const place of ['idr_alloc', 'dma_resv_reserve_fences', 'get_unused_fd_flags']) {
      expect(calls).toContain(place)
    }
  })

  it('that waits for itself waits 10 s, and is not stuck', async () => {
    let waited = 0
    const { verdict } = await runProgram(async (kernel) => {
      await using vgem = await VgemDevice.open(kernel)
      using buffer = await heapBuffer(kernel)
      await using imported = await vgem.importBuffer(buffer)
      const fence = await vgem.attachFence(imported, 'write')
      const start = kernel.now()
      await buffer.withCpuAccess('read', () => {})
      waited = kernel.now() - start
      await expect(vgem.signalFence(fence)).rejects.toMatchObject({ code: 'ETIMEDOUT' })
    })
    expect([verdict, Math.round(waited / 1e9)]).toEqual(['clean', 10])
  })
})
