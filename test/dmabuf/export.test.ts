/** dma_buf_export, references and release: the tables of drivers/dma-buf/dma-buf.c, Linux 6.12. */
import { describe, expect, it } from 'vitest'
import { bufinfo } from '../../src/kernel/dmabuf/bufinfo.ts'
import { dmaBufFd, dmaBufGet } from '../../src/kernel/dmabuf/dma-buf-fd.ts'
import type { CallerFiles, OpenFile } from '../../src/kernel/dmabuf/file.ts'
import type { DmaBufOps } from '../../src/kernel/dmabuf/ops.ts'
import { KernelError } from '../../src/machine/kernel-error.ts'
import { errnoOf, PAGE, Rig } from './rig.ts'

const noOp = (): void => {}

describe('export', () => {
  const refused: [string, Partial<DmaBufOps>, { priv?: unknown; size?: number; ops?: unknown }][] =
    [
      ['no priv data', {}, { priv: null }],
      ['no ops', {}, { ops: undefined }],
      ['no map', { mapDmaBuf: undefined as never }, {}],
      ['no unmap', { unmapDmaBuf: undefined as never }, {}],
      ['no release', { release: undefined as never }, {}],
      ['a kept mapping that is pinned', { cacheSgtMapping: true, pin: noOp, unpin: noOp }, {}],
      ['pin alone', { pin: noOp }, {}],
      ['unpin alone', { unpin: noOp }, {}],
      ['a size below zero', {}, { size: -1 }],
      ['a size that is no count', {}, { size: 4096.5 }],
      ['no size', {}, { size: Number.NaN }],
    ]

  it.each(refused)('refuses %s with EINVAL, and tells', async (_why, ops, info) => {
    const rig = new Rig()
    expect(await errnoOf(() => rig.export(ops, info as never))).toBe('EINVAL')
    expect(rig.codes).toEqual(['export-info'])
    expect(rig.misuse[0]).toMatchObject({
      operation: 'dma_buf_export',
      driver: { name: 'exporter' },
    })
    expect(rig.core.buffers).toEqual([])
  })

  it('takes size 0, and sizes that are no whole pages', () => {
    const rig = new Rig()
    expect([0, 1, 5000].map((size) => rig.export({}, { size }).size)).toEqual([0, 1, 5000])
    expect(rig.codes).toEqual([])
  })

  it('numbers buffers from 1, and not those that failed', async () => {
    const rig = new Rig()
    rig.machine.faults.plan('dma_buf_export', 2, 'ENOMEM')
    expect(rig.export().inode).toBe(1)
    expect(await errnoOf(() => rig.export())).toBe('ENOMEM')
    expect(rig.export().inode).toBe(2)
    expect(rig.core.buffers.map(({ inode }) => inode)).toEqual([2, 1])
  })

  it('keeps of the flags what belongs to the file', () => {
    expect(new Rig().export({}, { flags: 0o2004002 }).flags).toBe(0o4002)
  })
})

describe('references', () => {
  it('release once, at the last', () => {
    const rig = new Rig()
    const buffer = rig.export()
    rig.core.get(buffer)
    rig.core.put(buffer)
    expect(rig.called).toEqual([])
    rig.core.put(buffer)
    expect(rig.called).toEqual(['release'])
    expect(rig.core.buffers).toEqual([])
    expect(rig.codes).toEqual([])
  })

  it('are told when dropped or used after the release, and change nothing any more', async () => {
    const rig = new Rig()
    const buffer = rig.export()
    rig.core.put(buffer)
    rig.core.put(buffer)
    rig.core.get(buffer)
    rig.core.mmap(buffer, 0, PAGE)
    await rig.core.beginCpuAccess(buffer, 'read')
    expect(rig.codes).toEqual(['put-after-release', ...Array(3).fill('use-after-release')])
    expect(rig.called).toEqual(['release', 'mmap'])
  })

  it('are told when they are left at the end, and released all the same', async () => {
    const rig = new Rig()
    const [a, b] = [rig.export(), rig.export()]
    const attachment = await rig.core.attach(a, 'camera')
    await rig.core.mapAttachmentUnlocked(attachment, 'to-device')
    await rig.core.vmapUnlocked(b)
    rig.core.shutdown()
    expect(rig.codes).toEqual(['reference-leak', 'vmap-leak', 'reference-leak', 'attachment-leak'])
    expect(rig.misuse[0]).toMatchObject({ buffer: b.inode, against: b.exported })
    const called = rig.called.slice(2)
    expect(called).toEqual(['vunmap', 'release', 'unmapDmaBuf', 'release'])
    rig.core.shutdown()
    expect(rig.called.slice(2)).toEqual(called)
  })

  it('cost the same among 10,000 buffers: nothing is looked for one by one', () => {
    const rig = new Rig()
    const buffers = Array.from({ length: 10_000 }, () => rig.export({}, { size: 0, priv: {} }))
    for (const buffer of buffers) rig.core.put(buffer)
    expect(rig.core.buffers).toEqual([])
    expect(rig.codes).toEqual([])
  })
})

describe('descriptors', () => {
  class Files implements CallerFiles {
    readonly open = new Map<number, OpenFile>()
    full = false

    install(file: OpenFile): number {
      if (this.full) throw new KernelError('EMFILE', 'on purpose')
      this.open.set(this.open.size + 3, file)
      return this.open.size + 2
    }

    requireFree(): void {
      if (this.full) throw new KernelError('EMFILE', 'on purpose')
    }

    lookup(fd: number): OpenFile | undefined {
      return this.open.get(fd)
    }

    revoke(): void {}
  }

  it('consume the reference of whoever makes one, unless that fails', async () => {
    const rig = new Rig()
    const files = new Files()
    const buffer = rig.export()
    files.full = true
    expect(await errnoOf(() => dmaBufFd(rig, buffer, 0, files))).toBe('EMFILE')
    files.full = false
    rig.machine.faults.plan('get_unused_fd_flags', 2, 'EMFILE')
    expect(await errnoOf(() => dmaBufFd(rig, buffer, 0, files))).toBe('EMFILE')
    expect(buffer.references).toBe(1)
    const fd = dmaBufFd(rig, buffer, 0, files)
    expect(buffer.references).toBe(1)
    files.lookup(fd)?.release()
    expect(buffer.released).toBe(true)
  })

  it('lead to their buffer with one more reference: EBADF, EINVAL', async () => {
    const rig = new Rig()
    const files = new Files()
    const buffer = rig.export()
    const fd = dmaBufFd(rig, buffer, 0, files)
    expect(dmaBufGet(rig, fd, files)).toBe(buffer)
    expect(buffer.references).toBe(2)
    expect(await errnoOf(() => dmaBufGet(rig, 99, files))).toBe('EBADF')
    const other = files.install({ what: 'other', flags: 0, release: noOp })
    expect(await errnoOf(() => dmaBufGet(rig, other, files))).toBe('EINVAL')
  })
})

describe('the name', () => {
  it('has 31 bytes at most, and changes also while devices are attached', async () => {
    const rig = new Rig()
    const buffer = rig.export()
    await rig.core.attach(buffer, 'camera')
    rig.core.setName(buffer, 'x'.repeat(31))
    expect(buffer.name).toBe('x'.repeat(31))
    expect(await errnoOf(() => rig.core.setName(buffer, 'x'.repeat(32)))).toBe('EINVAL')
    expect(await errnoOf(() => rig.core.setName(buffer, 'ü'.repeat(16)))).toBe('EINVAL')
    rig.core.setName(buffer, 'ü'.repeat(15))
    expect(buffer.name).toBe('ü'.repeat(15))
  })
})

describe('bufinfo', () => {
  it('lists buffers and attachments, newest first, as debugfs does', async () => {
    const rig = new Rig()
    const [a, b] = [rig.export({}, { flags: 2 }), rig.export({}, { size: 5000 })]
    rig.core.setName(a, 'frame')
    rig.core.get(a)
    await rig.core.attach(a, 'camera')
    await rig.core.attach(a, 'display')
    rig.core.get(b)
    expect(bufinfo(rig.core)).toBe(
      [
        '',
        'Dma-buf Objects:',
        'size    \tflags   \tmode    \tcount   \texp_name\tino     \tname',
        '00005000\t00000000\t00080005\t00000002\texporter\t00000002\t<none>',
        '\tAttached Devices:',
        'Total 0 devices attached',
        '',
        '00008192\t00000002\t00080007\t00000002\texporter\t00000001\tframe',
        '\tAttached Devices:',
        '\tdisplay',
        '\tcamera',
        'Total 2 devices attached',
        '',
        '',
        'Total 2 objects, 13192 bytes',
        '',
      ].join('\n'),
    )
  })

  it('has its frame also with nothing to list', () => {
    expect(bufinfo(new Rig().core)).toMatch(/\tname\n\nTotal 0 objects, 0 bytes\n$/)
  })
})
