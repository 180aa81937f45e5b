import { describe, expect, it } from 'vitest'
import type { DmaBuf } from '../../../src/kernel/dmabuf/dma-buf.ts'
import type { DmaBufOps } from '../../../src/kernel/dmabuf/ops.ts'
import { KernelError } from '../../../src/machine/kernel-error.ts'
import { DMABUF, Rig } from './rig.ts'

/** A buffer of an exporter that fails at the chosen place. */
function faulty(rig: Rig, ops: Partial<DmaBufOps>): DmaBuf {
  const inner = rig.heap.allocate(4096)
  return rig.core.export({
    exporter: 'faulty',
    size: 4096,
    priv: inner.priv,
    ops: { ...inner.ops, ...ops, release: () => rig.core.put(inner) },
  })
}

const fails = (code: string) => () => {
  throw new KernelError(code, 'the test says so')
}

describe('a failing QBUF', () => {
  const cases: readonly [what: string, error: string, ops: Partial<DmaBufOps>][] = [
    ['attach fails', 'EBUSY', { attach: fails('EBUSY') }],
    [
      'attach fails later',
      'ENODEV',
      { attach: () => Promise.reject(new KernelError('ENODEV', '')) },
    ],
    ['map fails', 'EINVAL', { mapDmaBuf: fails('ENOMEM') }],
    ['map fails later', 'EINVAL', { mapDmaBuf: () => Promise.reject(new KernelError('EIO', '')) }],
  ]
  it.each(cases)('leaves nothing behind when %s', async (_what, error, ops) => {
    const rig = new Rig()
    await rig.request(1, DMABUF)
    const buffer = faulty(rig, ops)
    const fd = rig.fdOf(buffer)
    for (let round = 0; round < 3; round++) {
      expect(await rig.queueFd(0, fd)).toBe(error)
      expect([buffer.references, buffer.attachments.length]).toEqual([1, 0])
    }
    expect(await rig.queueFd(0, rig.heapFd())).toBe('ok')
    rig.files.closeAll()
    rig.file.release()
    expect(rig.core.buffers).toEqual([])
  })

  it('passes on what is no error of the kernel, and unwinds all the same', async () => {
    const rig = new Rig()
    await rig.request(1, DMABUF)
    const broken = (): never => {
      throw new TypeError('a bug in the exporter')
    }
    for (const ops of [{ attach: broken }, { mapDmaBuf: broken }]) {
      const buffer = faulty(rig, ops)
      await expect(rig.queueFd(0, rig.fdOf(buffer))).rejects.toThrow(TypeError)
      expect([buffer.references, buffer.attachments.length]).toEqual([1, 0])
    }
    expect(await rig.queueFd(0, rig.heapFd())).toBe('ok')
  })

  it('gives up the buffer that the slot had before, as vb2 does', async () => {
    const rig = new Rig()
    const [fd = 0] = await rig.streaming(1)
    await rig.dequeue()
    expect(rig.bufferOf(fd).attachments).toHaveLength(1)
    expect(await rig.queueFd(0, 999)).toBe('EINVAL')
    expect([rig.bufferOf(fd).references, rig.bufferOf(fd).attachments.length]).toEqual([1, 0])
    expect(await rig.query(0)).toMatchObject({ length: 0, m_fd: 0 })
  })

  it('does nothing for a camera that is closed while the exporter sleeps', async () => {
    const rig = new Rig()
    await rig.request(1, DMABUF)
    const buffer = faulty(rig, { attach: () => rig.sleep(1000) })
    const fd = rig.fdOf(buffer)
    const { scheduler } = rig.machine
    const queueing = scheduler.spawn('queueing', () => rig.queueFd(0, fd))
    await scheduler.spawn('closing', async () => {
      await rig.sleep(500)
      rig.file.release()
    })
    expect(await queueing).toBe('EINVAL')
    expect([buffer.references, buffer.attachments.length]).toEqual([1, 0])
    expect(rig.kinds('queue')).toEqual([])
    expect(await rig.request(1, DMABUF)).toBe('ok')
  })
})

it('a call waits while another is in the exporter, and can be interrupted', async () => {
  const rig = new Rig()
  await rig.request(2, DMABUF)
  const slow = rig.fdOf(faulty(rig, { attach: () => rig.sleep(1000) }))
  const { scheduler } = rig.machine
  const first = scheduler.spawn('first', () => rig.queueFd(0, slow))
  const second = scheduler.spawn('second', async () => [await rig.queueFd(1, slow), scheduler.now])
  const abort = new AbortController()
  const third = scheduler.spawn('third', () => rig.tryDequeue({ signal: abort.signal }))
  scheduler.at(500, () => abort.abort())
  expect(await first).toBe('ok')
  expect(await second).toEqual(['ok', 2000])
  expect(await third).toBe('EINTR')
})

describe('the last close', () => {
  it('stops the stream and gives everything up, in the middle of a frame', async () => {
    for (const time of [0.5, 1, 1.0002, 1.5]) {
      const rig = new Rig()
      await rig.streaming(3)
      await rig.sleep(time * 1_000_000)
      rig.files.closeAll()
      rig.file.release()
      expect(rig.core.buffers).toEqual([])
      expect(rig.kinds('queue')).toHaveLength(rig.kinds('dequeue').length)
      expect(rig.kinds('attach')).toHaveLength(rig.kinds('detach').length)
      expect(rig.kinds('dma-map')).toHaveLength(rig.kinds('dma-unmap').length)
      expect(rig.kinds('job-start')).toHaveLength(rig.kinds('job-end').length)
      const count = rig.events.length
      await rig.sleep(10_000_000)
      expect(rig.events).toHaveLength(count)
    }
  })
})
