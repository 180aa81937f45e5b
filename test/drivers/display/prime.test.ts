import { describe, expect, it } from 'vitest'
import { DRM_CLOEXEC, DRM_IOCTL_GEM_CLOSE, drmGemClose } from '../../../src/abi/drm.ts'
import { O_RDONLY, O_RDWR } from '../../../src/abi/fcntl.ts'
import { Attachment } from '../../../src/kernel/dmabuf/attachment.ts'
import type { DmaBuf } from '../../../src/kernel/dmabuf/dma-buf.ts'
import { dmaBufOf } from '../../../src/kernel/dmabuf/dma-buf-file.ts'
import type { DmaBufOps } from '../../../src/kernel/dmabuf/ops.ts'
import { KernelError } from '../../../src/machine/kernel-error.ts'
import { Bench, errnoOf } from './bench.ts'
import { Drm } from './drm.ts'
import { BYTES, imported, small, W } from './small.ts'

/** A heap buffer whose exporter does `before` each time first. */
function guarded(bench: Bench, before: Partial<Record<keyof DmaBufOps, () => unknown>>): DmaBuf {
  const inner = bench.heap.allocate(BYTES)
  const ops: DmaBufOps = {
    ...inner.ops,
    async attach() {
      await before.attach?.()
    },
    async mapDmaBuf(attachment, direction) {
      await before.mapDmaBuf?.()
      return inner.ops.mapDmaBuf(new Attachment(attachment.id, inner, attachment.device), direction)
    },
    release: () => bench.core.put(inner),
  }
  return bench.core.export({ exporter: 'guarded', size: BYTES, ops, priv: inner })
}

function fail(code: string): () => never {
  return () => {
    throw new KernelError(code, 'on purpose')
  }
}

describe('importing a dma-buf', () => {
  it('attaches and maps once, in both directions, for the life of the object', async () => {
    const bench = new Bench(small)
    const drm = new Drm(bench)
    const { buffer, handle, id } = await imported(bench, drm)
    const kinds = ['attach', 'dma-map', 'dma-unmap', 'detach'] as const
    expect(bench.of(...kinds)).toMatchObject([
      { kind: 'attach', device: 'display', buffer: buffer.inode },
      { kind: 'dma-map', device: 'display', direction: 'bidirectional', skipCpuSync: false },
    ])
    await drm.close(handle)
    expect(bench.of(...kinds)).toHaveLength(2)
    await drm.rmFb(id)
    expect(bench.of(...kinds).map(({ kind }) => kind)).toEqual([...kinds])
  })

  it('gives the same handle again and counts nothing: one close ends it', async () => {
    const bench = new Bench(small)
    const drm = new Drm(bench)
    const buffer = bench.heap.allocate(BYTES)
    const fd = bench.fdOf(buffer)
    const handle = await drm.import(fd)
    expect(await drm.import(fd)).toBe(handle)
    expect(buffer.references).toBe(4)
    await drm.close(handle)
    expect(buffer.references).toBe(1)
    expect(await errnoOf(() => drm.close(handle))).toBe('EINVAL')
    const told = bench.of('handle-open', 'handle-close')
    expect(
      told.map(({ kind, fresh, result, buffer: inode }) => [kind, fresh, result, inode]),
    ).toEqual([
      ['handle-open', true, 0, buffer.inode],
      ['handle-open', false, 0, buffer.inode],
      ['handle-close', false, 0, buffer.inode],
      ['handle-close', false, -22, undefined],
    ])
  })

  it('gives each open file a handle and an attachment of its own', async () => {
    const bench = new Bench(small)
    const [a, b] = [new Drm(bench), new Drm(bench)]
    const buffer = bench.heap.allocate(BYTES)
    const fd = bench.fdOf(buffer)
    await a.dumb(8, 8)
    expect([await a.import(fd), await b.import(fd)]).toEqual([2, 1])
    expect(buffer.attachments).toHaveLength(2)
    const files = bench.of('handle-open').map(({ file }) => file)
    expect(new Set(files).size).toBe(2)
  })

  it('lets two tasks import at once and makes one object', async () => {
    const bench = new Bench(small)
    const drm = new Drm(bench)
    const { scheduler } = bench.machine
    const buffer = guarded(bench, { attach: () => scheduler.sleep(1000) })
    const fd = bench.fdOf(buffer)
    const both = await Promise.all([
      scheduler.spawn('a', () => drm.import(fd)),
      scheduler.spawn('b', () => drm.import(fd)),
    ])
    expect(both).toEqual([1, 1])
    expect(bench.of('attach')).toHaveLength(1)
  })

  it('leaves nothing behind when the exporter refuses to attach or to map', async () => {
    for (const step of ['attach', 'mapDmaBuf']) {
      const bench = new Bench(small)
      const drm = new Drm(bench)
      const buffer = guarded(bench, { [step]: fail('EBUSY') })
      const fd = bench.fdOf(buffer)
      expect(await errnoOf(() => drm.import(fd))).toBe('EBUSY')
      expect([...buffer.attachments]).toEqual([])
      expect(buffer.references).toBe(1)
      expect(await errnoOf(() => drm.import(fd))).toBe('EBUSY')
      bench.files.close(fd)
      expect(bench.core.buffers).toEqual([])
    }
  })

  it('leaves nothing behind when the device is closed while the exporter sleeps', async () => {
    const bench = new Bench(small)
    const drm = new Drm(bench)
    const { scheduler } = bench.machine
    const buffer = guarded(bench, { mapDmaBuf: () => scheduler.sleep(1000) })
    const fd = bench.fdOf(buffer)
    const result = await Promise.all([
      scheduler.spawn('a', () => errnoOf(() => drm.import(fd))),
      scheduler.spawn('b', async () => drm.file.release()),
    ])
    expect(result[0]).toBe('EBADF')
    expect([...buffer.attachments]).toEqual([])
    bench.files.close(fd)
    expect(bench.core.buffers).toEqual([])
  })
})

describe('exporting a handle', () => {
  it('gives the original dma-buf of an imported object', async () => {
    const bench = new Bench(small)
    const drm = new Drm(bench)
    const buffer = bench.heap.allocate(BYTES)
    const handle = await drm.import(bench.fdOf(buffer, O_RDONLY))
    const file = bench.files.lookup(await drm.export(handle))
    expect(dmaBufOf(file)).toBe(buffer)
    expect(file?.flags).toBe(O_RDONLY)
  })

  it('gives one dma-buf for one dumb buffer; the first export decides its access mode', async () => {
    const bench = new Bench(small)
    const drm = new Drm(bench)
    const { handle } = await drm.dumb(W, 32)
    const fds = [await drm.export(handle, DRM_CLOEXEC), await drm.export(handle)]
    const files = fds.map((fd) => bench.files.lookup(fd))
    expect(dmaBufOf(files[0])).toBe(dmaBufOf(files[1]))
    expect(files.map((file) => file?.flags)).toEqual([O_RDONLY, O_RDONLY])
    expect(dmaBufOf(files[0])).toMatchObject({ exporter: 'drm', size: BYTES })
  })

  it('finds the own object again, in any open file, also when only a descriptor is left', async () => {
    const bench = new Bench(small)
    const [a, b] = [new Drm(bench), new Drm(bench)]
    const { handle } = await a.dumb(W, 32)
    const fd = await a.export(handle)
    expect(await a.import(fd)).toBe(handle)
    await a.close(handle)
    expect(bench.core.buffers).toHaveLength(1)
    const again = await b.import(fd)
    bench.files.close(fd)
    expect(bench.core.buffers).toHaveLength(1)
    expect(await errnoOf(() => b.mapOffset(again))).toBe('0')
    expect(bench.of('attach')).toEqual([])
    await b.destroyDumb(again)
    expect(bench.core.buffers).toEqual([])
    expect(bench.machine.ram.liveBytes).toBe(0)
  })

  it('keeps no reference when no descriptor is free', async () => {
    const bench = new Bench(small)
    const drm = new Drm(bench)
    const { handle } = await drm.dumb(W, 32)
    bench.files.limit = 3
    expect(await errnoOf(() => drm.export(handle))).toBe('EMFILE')
    await drm.close(handle)
    expect(bench.core.buffers).toEqual([])
  })

  it('maps for another device without moving data', async () => {
    const bench = new Bench(small)
    const drm = new Drm(bench)
    const { handle } = await drm.dumb(W, 32)
    const buffer = dmaBufOf(bench.files.lookup(await drm.export(handle))) as DmaBuf
    const before = bench.of('maintenance').length
    const attachment = await bench.core.attach(buffer, 'camera')
    const mapping = await bench.core.mapAttachmentUnlocked(attachment, 'from-device')
    expect(mapping.skipCpuSync).toBe(true)
    await bench.core.unmapAttachmentUnlocked(attachment, mapping, 'from-device')
    bench.core.detach(buffer, attachment)
    expect(bench.of('maintenance')).toHaveLength(before)
  })
})

describe('closing', () => {
  it('tells of a close that was refused before it reached the driver', async () => {
    const bench = new Bench(small)
    const drm = new Drm(bench)
    const { handle, buffer } = await imported(bench, drm)
    const argument = { bytes: drmGemClose.create({ handle }) }
    drm.file.refused?.(DRM_IOCTL_GEM_CLOSE, argument, -4)
    expect(bench.of('handle-close')).toMatchObject([{ handle, buffer: buffer.inode, result: -4 }])
  })

  it('of the device takes everything back', async () => {
    const bench = new Bench(small)
    const drm = new Drm(bench)
    const [a, b] = [await imported(bench, drm), await imported(bench, drm)]
    const { handle } = await drm.dumb(W, 32)
    await drm.export(handle)
    await drm.show(a.id)
    await drm.flipWithEvent(b.id)
    drm.file.release()
    expect(bench.of('job-start').length).toBe(bench.of('job-end').length)
    expect([a, b].map(({ buffer }) => [buffer.references, buffer.attachments.length])).toEqual([
      [1, 0],
      [1, 0],
    ])
    for (const fd of [...bench.files.open.keys()]) bench.files.close(fd)
    expect(bench.core.buffers).toEqual([])
    expect(bench.machine.ram.liveBytes).toBe(0)
  })

  it('of one of two files leaves the picture of the other on the screen', async () => {
    const bench = new Bench(small)
    const [a, b] = [new Drm(bench), new Drm(bench)]
    const { id } = await imported(bench, b)
    expect(await errnoOf(() => b.show(id))).toBe('EACCES')
    await a.show(id)
    a.file.release()
    expect(await b.getCrtc()).toMatchObject({ fb_id: id, mode_valid: 1 })
    b.file.release()
    expect(bench.of('job-end')).toHaveLength(1)
    const c = new Drm(bench)
    expect(await errnoOf(() => c.off())).toBe('0')
    expect(O_RDWR).toBe(c.file.flags)
  })
})
