/** Who holds the reservation lock: "Locking Convention" in drivers/dma-buf/dma-buf.c, Linux 6.12. */
import { describe, expect, it } from 'vitest'
import type { DmaMapping } from '../../src/kernel/dma/mapping.ts'
import type { Attachment } from '../../src/kernel/dmabuf/attachment.ts'
import type { DmaBuf } from '../../src/kernel/dmabuf/dma-buf.ts'
import type { KernelMapping } from '../../src/kernel/dmabuf/kernel-mapping.ts'
import { Reservation } from '../../src/kernel/fence/reservation.ts'
import { PAGE, Rig } from './rig.ts'

const noOp = (): void => {}

interface Bench {
  rig: Rig
  buffer: DmaBuf
  attachment: Attachment
  mapping: DmaMapping
  vmap: KernelMapping
}

async function bench(): Promise<Bench> {
  const rig = new Rig()
  const ops = { pin: noOp, unpin: noOp, attach: noOp, detach: noOp }
  const access = { beginCpuAccess: noOp, endCpuAccess: noOp }
  const buffer = rig.export({ ...ops, ...access })
  const attachment = await rig.core.dynamicAttach(buffer, 'gpu', { ops: { moveNotify: noOp } })
  const mapping = await rig.core.mapAttachmentUnlocked(attachment, 'to-device')
  const vmap = await rig.core.vmapUnlocked(buffer)
  rig.core.get(buffer)
  rig.called.length = 0
  return { rig, buffer, attachment, mapping, vmap }
}

const held: [string, string[], (bench: Bench) => unknown][] = [
  ['pin', ['pin locked'], ({ rig, attachment }) => rig.core.pin(attachment)],
  ['unpin', ['unpin locked'], ({ rig, attachment }) => rig.core.unpin(attachment)],
  [
    'map',
    ['mapDmaBuf locked'],
    ({ rig, attachment }) => rig.core.mapAttachment(attachment, 'to-device'),
  ],
  [
    'unmap',
    ['unmapDmaBuf locked'],
    ({ rig, attachment, mapping }) => rig.core.unmapAttachment(attachment, mapping, 'to-device'),
  ],
  ['vmap', [], ({ rig, buffer }) => rig.core.vmap(buffer)],
  ['vunmap', ['vunmap locked'], ({ rig, buffer, vmap }) => rig.core.vunmap(buffer, vmap)],
  ['move notify', [], ({ rig, buffer }) => rig.core.moveNotify(buffer)],
]

const free: [string, string[], (bench: Bench) => unknown][] = [
  [
    'detach',
    ['detach'],
    ({ rig, buffer, attachment, mapping }) => {
      attachment.mappings.delete(mapping)
      rig.core.detach(buffer, attachment)
    },
  ],
  ['put', [], ({ rig, buffer }) => rig.core.put(buffer)],
  ['mmap', ['mmap'], ({ rig, buffer }) => rig.core.mmap(buffer, 0, PAGE)],
  ['redirected mmap', ['mmap'], ({ rig, buffer }) => rig.core.redirectMmap(buffer, PAGE, 0)],
  ['begin', ['beginCpuAccess'], ({ rig, buffer }) => rig.core.beginCpuAccess(buffer, 'read')],
  ['end', ['endCpuAccess'], ({ rig, buffer }) => rig.core.endCpuAccess(buffer, 'read')],
]

describe('calls that want the lock held', () => {
  it.each(held)('%s', async (_name, called, call) => {
    const good = await bench()
    await good.buffer.resv.run(async () => {
      await call(good)
    })
    expect([good.rig.called, good.rig.codes]).toEqual([called, []])
    const bad = await bench()
    await call(bad)
    const unlocked = called.map((name) => name.replace(' locked', ''))
    expect([bad.rig.called, bad.rig.codes]).toEqual([unlocked, ['lock-not-held']])
    expect(bad.rig.misuse[0]?.text).toContain('reservation lock of dmabuf 1')
  })
})

describe('calls that want it free', () => {
  it.each(free)('%s', async (_name, called, call) => {
    const good = await bench()
    await call(good)
    expect([good.rig.called, good.rig.codes]).toEqual([called, []])
    const bad = await bench()
    await bad.buffer.resv.lock()
    await call(bad)
    expect(bad.rig.codes).toEqual(['lock-held'])
  })

  it('export, with a lock that is shared and held', async () => {
    const rig = new Rig()
    const resv = new Reservation(rig.machine.scheduler, 'shared lock')
    await resv.lock()
    rig.export({}, { resv })
    expect(rig.codes).toEqual(['lock-held'])
  })
})

describe('the lock', () => {
  it('is taken by one task at a time', async () => {
    const rig = new Rig()
    const buffer = rig.export()
    const { scheduler } = rig.machine
    const order: string[] = []
    const task = (name: string): Promise<void> =>
      scheduler.spawn(name, async () => {
        await buffer.resv.run(async () => {
          order.push(`${name} in`)
          expect(buffer.resv.isHeldByCaller).toBe(true)
          await scheduler.sleep(1000)
          order.push(`${name} out`)
        })
      })
    await Promise.all([task('a'), task('b'), task('c')])
    expect(order).toEqual(['a in', 'a out', 'b in', 'b out', 'c in', 'c out'])
  })

  it('is shared by buffers that were exported with it', async () => {
    const rig = new Rig()
    const resv = new Reservation(rig.machine.scheduler, 'shared lock')
    const [a, b] = [rig.export({}, { resv }), rig.export({}, { resv })]
    const attachment = await rig.core.attach(b, 'camera')
    await a.resv.run(async () => {
      await rig.core.mapAttachment(attachment, 'to-device')
    })
    expect(rig.codes).toEqual([])
  })

  it('is not held by a task just because another one has it', async () => {
    const { rig, buffer, attachment, mapping } = await bench()
    const { scheduler } = rig.machine
    await Promise.all([
      scheduler.spawn('holder', () => buffer.resv.run(() => scheduler.sleep(1000))),
      scheduler.spawn('other', async () =>
        rig.core.unmapAttachment(attachment, mapping, 'to-device'),
      ),
    ])
    expect(rig.codes).toEqual(['lock-not-held'])
  })

  it('taken twice by one task stops it for ever, and is named', async () => {
    const { rig, buffer } = await bench()
    void rig.machine.scheduler.spawn('importer', () =>
      buffer.resv.run(() => rig.core.attach(buffer, 'camera')),
    )
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(rig.codes).toEqual(['lock-held'])
    expect(rig.stuck.flat().join()).toContain('importer (reservation lock of dmabuf 1)')
  })

  it('delays what an importer lets go of, and is free for all once the run is over', async () => {
    const { rig, buffer, attachment, mapping } = await bench()
    const { scheduler } = rig.machine
    rig.core.get(buffer)
    const left = buffer.references
    await Promise.all([
      scheduler.spawn('holder', () => buffer.resv.run(() => scheduler.sleep(1000))),
      scheduler.spawn('file', async () => {
        rig.core.letGo(attachment, mapping, 'to-device')
        expect(attachment.detached).toBe(false)
      }),
    ])
    await scheduler.sleep(1000)
    expect([attachment.detached, buffer.references]).toEqual([true, left - 1])
    await buffer.resv.lock()
    rig.core.stop()
    expect(buffer.resv.tryLock()).toBe(true)
  })
})
