import { describe, expect, it } from 'vitest'
import type { DmaBuf } from '../../src/kernel/dmabuf/dma-buf.ts'
import type { DmaBufOps } from '../../src/kernel/dmabuf/ops.ts'
import type { Fence } from '../../src/kernel/fence/fence.ts'
import type { FenceUsage } from '../../src/kernel/fence/usage.ts'
import { errnoOf, Rig } from '../dmabuf/rig.ts'

const ops = { driverName: 'mover', timelineName: 'copies' }
const pins: Partial<DmaBufOps> = { pin: () => {}, unpin: () => {} }

function add(rig: Rig, { resv }: DmaBuf, usage: FenceUsage): Fence {
  const { fences } = rig.core
  const fence = fences.make(fences.allocateContexts(), 1, ops)
  resv.tryLock()
  resv.reserveFences(1)
  resv.addFence(fence, usage)
  resv.unlock()
  return fence
}

describe('mapping a buffer whose memory is being moved', () => {
  it('waits, for an importer that cannot cope with moves', async () => {
    const rig = new Rig()
    const buffer = rig.export()
    const attachment = await rig.core.attach(buffer, 'camera')
    for (const usage of ['write', 'read', 'bookkeep'] as const) add(rig, buffer, usage)
    const early = await rig.core.mapAttachmentUnlocked(attachment, 'from-device')
    expect([rig.machine.scheduler.now, early.live]).toEqual([0, true])
    const fence = add(rig, buffer, 'kernel')
    rig.machine.scheduler.at(500, () => fence.signal())
    const late = await rig.core.mapAttachmentUnlocked(attachment, 'from-device')
    expect([rig.machine.scheduler.now, late.live]).toEqual([500, true])
  })

  it('does not wait, for one that can: that is its own business', async () => {
    const rig = new Rig()
    const buffer = rig.export(pins)
    add(rig, buffer, 'kernel')
    const importer = { ops: { moveNotify: () => {} } }
    const attachment = await rig.core.dynamicAttach(buffer, 'camera', importer)
    await rig.core.mapAttachmentUnlocked(attachment, 'from-device')
    expect(rig.machine.scheduler.now).toBe(0)
  })

  it('waits at the attach where that maps: a static importer of memory that moves', async () => {
    const rig = new Rig()
    const buffer = rig.export(pins)
    const fence = add(rig, buffer, 'kernel')
    rig.machine.scheduler.at(500, () => fence.signal())
    await rig.core.attach(buffer, 'camera')
    expect(rig.machine.scheduler.now).toBe(500)
    expect(rig.called).toContain('mapDmaBuf locked')
  })

  it('unmaps again when the wait is interrupted', async () => {
    const rig = new Rig()
    const buffer = rig.export()
    const attachment = await rig.core.attach(buffer, 'camera')
    add(rig, buffer, 'kernel')
    const controller = new AbortController()
    rig.machine.scheduler.at(500, () => controller.abort())
    const { signal } = controller
    const map = (): Promise<unknown> =>
      rig.core.mapAttachmentUnlocked(attachment, 'from-device', signal)
    expect(await errnoOf(map)).toBe('EINTR')
    expect(rig.called.slice(-2)).toEqual(['mapDmaBuf locked', 'unmapDmaBuf locked'])
    expect([attachment.mappings.size, buffer.resv.isLocked, rig.codes]).toEqual([0, false, []])
  })

  it('keeps every CPU access waiting', async () => {
    const rig = new Rig()
    const buffer = rig.export()
    add(rig, buffer, 'bookkeep')
    await rig.core.beginCpuAccess(buffer, 'read-write')
    expect(rig.machine.scheduler.now).toBe(0)
    const fence = add(rig, buffer, 'kernel')
    rig.machine.scheduler.at(500, () => fence.signal())
    await rig.core.beginCpuAccess(buffer, 'read')
    expect(rig.machine.scheduler.now).toBe(500)
  })
})
