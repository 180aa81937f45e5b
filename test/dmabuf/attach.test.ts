/** attach, pin, map, move, unmap, detach: the tables of drivers/dma-buf/dma-buf.c, Linux 6.12. */
import { describe, expect, it } from 'vitest'
import type { Importer } from '../../src/kernel/dmabuf/attachment.ts'
import type { DmaBufOps } from '../../src/kernel/dmabuf/ops.ts'
import { KernelError } from '../../src/machine/kernel-error.ts'
import { errnoOf, IMPORTER, Rig } from './rig.ts'

const noOp = (): void => {}
const pins: Partial<DmaBufOps> = { pin: noOp, unpin: noOp }
const dynamic: Importer = { driver: IMPORTER, ops: { moveNotify: noOp } }

function failing(code: string): () => never {
  return () => {
    throw new KernelError(code, 'on purpose')
  }
}

describe('attach', () => {
  it('asks the exporter without the lock, and passes its error on', async () => {
    const rig = new Rig()
    const buffer = rig.export({ attach: failing('EBUSY') })
    expect(await errnoOf(() => rig.core.attach(buffer, 'camera'))).toBe('EBUSY')
    expect(rig.called).toEqual(['attach'])
    expect(buffer.attachments.length).toBe(0)
    expect(rig.kinds('attach', 'detach')).toEqual([])
  })

  it('fails where it is made to', async () => {
    const rig = new Rig()
    rig.machine.faults.plan('attach', 1, 'ENOMEM')
    expect(await errnoOf(() => rig.core.attach(rig.export(), 'camera'))).toBe('ENOMEM')
  })

  it.each([
    ['no device', '', { driver: IMPORTER }],
    ['operations without moveNotify', 'camera', { driver: IMPORTER, ops: {} as never }],
  ])('refuses %s with EINVAL, and tells', async (_why, device, importer) => {
    const rig = new Rig()
    const buffer = rig.export()
    expect(await errnoOf(() => rig.core.dynamicAttach(buffer, device, importer))).toBe('EINVAL')
    expect(rig.misuse).toMatchObject([{ code: 'attach-arguments', driver: IMPORTER }])
  })

  it('lists attachments newest first, and takes them out in any order', async () => {
    const rig = new Rig()
    const buffer = rig.export()
    const [a, b, c] = [
      await rig.core.attach(buffer, 'a'),
      await rig.core.attach(buffer, 'b'),
      await rig.core.attach(buffer, 'c'),
    ]
    rig.core.detach(buffer, b)
    expect([...buffer.attachments]).toEqual([c, a])
  })

  it('knows who may reach memory of another device', async () => {
    const rig = new Rig()
    const ops = { moveNotify: noOp, allowPeer2peer: true }
    const attachment = await rig.core.dynamicAttach(rig.export(pins), 'gpu', { ops })
    expect([attachment.peer2peer, attachment.isDynamic]).toEqual([true, true])
  })
})

describe('an exporter and an importer of which only one can move', () => {
  it.each([
    ['exporter', pins, {}, ['pin locked', 'mapDmaBuf locked'], ['unmapDmaBuf', 'unpin']],
    ['importer', {}, dynamic, ['mapDmaBuf locked'], ['unmapDmaBuf']],
  ])(
    'the %s: mapped both ways from attach to detach',
    async (_who, ops, importer, before, after) => {
      const rig = new Rig()
      const buffer = rig.export(ops)
      const attachment = await rig.core.dynamicAttach(buffer, 'camera', importer)
      expect(rig.called).toEqual(before)
      const mapping = await rig.core.mapAttachmentUnlocked(attachment, 'to-device')
      expect(mapping.direction).toBe('bidirectional')
      expect(await rig.core.mapAttachmentUnlocked(attachment, 'from-device')).toBe(mapping)
      await rig.core.unmapAttachmentUnlocked(attachment, mapping, 'to-device')
      expect(rig.called).toEqual(before)
      rig.core.detach(buffer, attachment)
      expect(rig.called.slice(before.length)).toEqual(after)
      expect([mapping.live, rig.codes]).toEqual([false, []])
    },
  )

  it('neither is mapped early when both can', async () => {
    const rig = new Rig()
    await rig.core.dynamicAttach(rig.export(pins), 'camera', dynamic)
    expect(rig.called).toEqual([])
  })

  it.each([
    ['pin', ['pin'], { ...pins, pin: failing('ENOSPC') }, 'ENOSPC'],
    ['the map', ['pin', 'mapDmaBuf', 'unpin'], { ...pins, mapDmaBuf: failing('ENOMEM') }, 'ENOMEM'],
    [
      'a map of nothing',
      ['pin', 'mapDmaBuf', 'unpin'],
      { ...pins, mapDmaBuf: () => null },
      'ENOMEM',
    ],
  ])('leaves nothing behind when %s fails', async (_what, called, ops, code) => {
    const rig = new Rig()
    const buffer = rig.export({ ...ops, detach: noOp })
    expect(await errnoOf(() => rig.core.attach(buffer, 'camera'))).toBe(code)
    expect(rig.called).toEqual([...called.map((name) => `${name} locked`), 'detach'])
    expect(buffer.attachments.length).toBe(0)
    expect(buffer.resv.isLocked).toBe(false)
  })
})

describe('a kept mapping', () => {
  it('serves its direction, or both; EBUSY for another; ends with the attachment', async () => {
    for (const [kept, other, code] of [
      ['to-device', 'from-device', 'EBUSY'],
      ['to-device', 'bidirectional', 'EBUSY'],
      ['bidirectional', 'to-device', 'ok'],
    ] as const) {
      const rig = new Rig()
      const buffer = rig.export({ cacheSgtMapping: true })
      const attachment = await rig.core.attach(buffer, 'camera')
      const mapping = await rig.core.mapAttachmentUnlocked(attachment, kept)
      expect(await rig.core.mapAttachmentUnlocked(attachment, kept)).toBe(mapping)
      expect(await errnoOf(() => rig.core.mapAttachmentUnlocked(attachment, other))).toBe(code)
      await rig.core.unmapAttachmentUnlocked(attachment, mapping, kept)
      await rig.core.unmapAttachmentUnlocked(attachment, mapping, kept)
      expect([mapping.live, rig.called]).toEqual([true, ['mapDmaBuf locked']])
      rig.core.detach(buffer, attachment)
      expect([mapping.live, rig.codes]).toEqual([false, []])
    }
  })
})

describe('map', () => {
  it('is ENOMEM for null, and passes the exporter error on', async () => {
    for (const [mapDmaBuf, code, told] of [
      [() => null, 'ENOMEM', []],
      [() => undefined as never, 'EINVAL', ['operation-returned']],
      [failing('ENXIO'), 'ENXIO', []],
    ] as const) {
      const rig = new Rig()
      const attachment = await rig.core.attach(rig.export({ mapDmaBuf }), 'camera')
      const map = (): unknown => rig.core.mapAttachmentUnlocked(attachment, 'to-device')
      expect(await errnoOf(map)).toBe(code)
      expect([attachment.mappings.size, rig.codes]).toEqual([0, told])
    }
  })

  it('pins a dynamic buffer for as long, in a kernel without move-notify', async () => {
    const rig = new Rig({ moveNotify: false })
    const attachment = await rig.core.dynamicAttach(rig.export(pins), 'camera', dynamic)
    const mapping = await rig.core.mapAttachmentUnlocked(attachment, 'to-device')
    await rig.core.unmapAttachmentUnlocked(attachment, mapping, 'to-device')
    const [pin, map, unmap, unpin] = rig.called
    expect([pin, map]).toEqual(['pin locked', 'mapDmaBuf locked'])
    expect([unmap, unpin]).toEqual(['unmapDmaBuf locked', 'unpin locked'])
    rig.machine.faults.plan('map_dma_buf', 2, 'ENOMEM')
    const again = (): unknown => rig.core.mapAttachmentUnlocked(attachment, 'to-device')
    expect(await errnoOf(again)).toBe('ENOMEM')
    expect(rig.called.slice(4)).toEqual(['pin locked', 'unpin locked'])
  })

  it('is told after the detach', async () => {
    const rig = new Rig()
    const buffer = rig.export()
    const attachment = await rig.core.attach(buffer, 'camera')
    rig.core.detach(buffer, attachment)
    await rig.core.mapAttachmentUnlocked(attachment, 'to-device')
    expect(rig.codes).toEqual(['use-after-release'])
  })

  it('is told when nothing is unmapped, and the exporter is not asked', async () => {
    const rig = new Rig()
    const attachment = await rig.core.attach(rig.export(), 'camera')
    for (const nothing of [undefined, null]) {
      await rig.core.unmapAttachmentUnlocked(attachment, nothing as never, 'to-device')
    }
    expect(rig.codes).toEqual(['attach-arguments', 'attach-arguments'])
    expect(rig.called).toEqual([])
  })
})

describe('pin', () => {
  it('is the exporter of a dynamic importer, with the lock; told of a static one', async () => {
    const rig = new Rig()
    const buffer = rig.export(pins)
    const attachment = await rig.core.dynamicAttach(buffer, 'camera', dynamic)
    await buffer.resv.run(async () => {
      await rig.core.pin(attachment)
      rig.core.unpin(attachment)
    })
    expect([rig.called, rig.codes]).toEqual([['pin locked', 'unpin locked'], []])
    const fixed = await rig.core.attach(rig.export(), 'display', IMPORTER)
    await fixed.buffer.resv.run(() => rig.core.pin(fixed))
    expect(rig.misuse).toMatchObject([{ code: 'pin-static', driver: IMPORTER, device: 'display' }])
  })

  it('fails as the exporter does, and where it is made to', async () => {
    const rig = new Rig()
    const buffer = rig.export({ ...pins, pin: failing('ENOSPC') })
    const attachment = await rig.core.dynamicAttach(buffer, 'camera', dynamic)
    rig.machine.faults.plan('pin', 2, 'EBUSY')
    const pin = (): unknown => buffer.resv.run(() => rig.core.pin(attachment))
    expect([await errnoOf(pin), await errnoOf(pin)]).toEqual(['ENOSPC', 'EBUSY'])
  })
})

describe('move notify', () => {
  it('reaches every dynamic importer in the order of the list, static ones not', async () => {
    const rig = new Rig()
    const told: string[] = []
    const importer = { ops: { moveNotify: ({ device }: { device: string }) => told.push(device) } }
    const buffer = rig.export(pins)
    for (const device of ['a', 'b']) await rig.core.dynamicAttach(buffer, device, importer as never)
    await rig.core.attach(buffer, 'static')
    await buffer.resv.run(() => rig.core.moveNotify(buffer))
    expect([told, rig.codes]).toEqual([['b', 'a'], []])
  })
})

describe('detach', () => {
  it('tells of mappings that live, and leaves them: the device still reaches the memory', async () => {
    const rig = new Rig()
    const buffer = rig.export({ detach: noOp })
    const attachment = await rig.core.attach(buffer, 'camera', IMPORTER)
    const mapping = await rig.core.mapAttachmentUnlocked(attachment, 'to-device')
    rig.core.detach(buffer, attachment)
    expect(rig.misuse).toMatchObject([
      { code: 'attachment-mapping-leak', driver: IMPORTER, mapping: mapping.id, device: 'camera' },
    ])
    expect([mapping.live, rig.called]).toEqual([true, ['mapDmaBuf locked', 'detach']])
  })

  it('refuses what is not attached to the buffer, and says so', async () => {
    const rig = new Rig()
    const [a, b] = [rig.export(), rig.export()]
    const attachment = await rig.core.attach(a, 'camera')
    rig.core.detach(b, attachment, IMPORTER)
    expect(a.attachments.length).toBe(1)
    rig.core.detach(a, attachment, IMPORTER)
    rig.core.detach(a, attachment, IMPORTER)
    rig.core.detach(a, undefined as never, IMPORTER)
    rig.core.detach(undefined as never, attachment, IMPORTER)
    expect(rig.codes).toEqual(Array(4).fill('detach-mismatch'))
    expect(rig.kinds('detach')).toHaveLength(1)
  })

  it('is missed at the release', async () => {
    const rig = new Rig()
    const buffer = rig.export()
    await rig.core.attach(buffer, 'camera', IMPORTER)
    rig.core.put(buffer)
    expect(rig.misuse).toMatchObject([
      { code: 'attachment-leak', driver: IMPORTER, device: 'camera', buffer: 1 },
    ])
    expect(rig.called).toEqual(['release'])
  })
})
