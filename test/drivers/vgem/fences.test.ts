import { describe, expect, it } from 'vitest'
import { DRM_IOCTL_GEM_CLOSE, drmGemClose } from '../../../src/abi/drm.ts'
import { DRM_IOCTL_MODE_CREATE_DUMB, drmModeCreateDumb } from '../../../src/abi/drm-dumb.ts'
import { O_RDWR } from '../../../src/abi/fcntl.ts'
import {
  DRM_IOCTL_VGEM_FENCE_ATTACH,
  drmVgemFenceAttach,
  VGEM_FENCE_WRITE,
} from '../../../src/abi/vgem.ts'
import { armSoc } from '../../../src/boards/arm-soc.ts'
import { VgemNode } from '../../../src/drivers/vgem/vgem-node.ts'
import { DmaLayer } from '../../../src/kernel/dma/dma-layer.ts'
import { DmaBufCore } from '../../../src/kernel/dmabuf/core.ts'
import { Descriptors } from '../../../src/kernel/process/descriptors.ts'
import { Machine } from '../../../src/machine/machine.ts'
import { lazyPolicy } from '../../../src/machine/policy.ts'
import { POLLIN, POLLOUT, VgemRig } from './rig.ts'

const BOTH = POLLIN | POLLOUT
const SECOND = 1_000_000_000

describe('attaching a fence', () => {
  it.each([
    ['EINVAL', 'another flag', { flags: 2 }],
    ['EINVAL', 'another flag beside WRITE', { flags: 3 }],
    ['EINVAL', 'a pad', { pad: 1 }],
    ['EINVAL', 'the flags before the handle', { flags: 2, handle: 99 }],
    ['ENOENT', 'an unknown handle', { handle: 99 }],
    ['ok', 'a read', { flags: 0 }],
    ['ok', 'a write', { flags: VGEM_FENCE_WRITE }],
  ] as const)('is %s for %s', async (code, _what, values) => {
    const rig = new VgemRig()
    const { handle } = (await rig.import(await rig.buffer())).args
    const answer = await rig.attach({ handle, out_fence: 77, ...values })
    expect([answer.code, answer.args.out_fence]).toEqual([code, code === 'ok' ? 1 : 77])
  })

  it.each([
    ['write', 'write', 'EBUSY'],
    ['write', 'read', 'EBUSY'],
    ['read', 'write', 'EBUSY'],
    ['read', 'read', 'ok'],
  ] as const)('while a %s is there, a %s is %s', async (there, next, code) => {
    const rig = new VgemRig()
    const { fd, handle, fence } = await rig.busy(there)
    const flags = next === 'write' ? VGEM_FENCE_WRITE : 0
    expect((await rig.attach({ handle, flags })).code).toBe(code)
    expect(await rig.signal(fence)).toBe('ok')
    expect((await rig.attach({ handle, flags })).code).toBe('ok')
    expect(await rig.poll(fd)).toBe(next === 'write' ? 0 : POLLIN)
  })

  it('to an imported buffer and to a dumb one is seen by whoever has the dma-buf', async () => {
    const rig = new VgemRig()
    const { handle } = (await rig.dumb()).args
    const { fd } = (await rig.export(handle)).args
    const fence = await rig.fence(handle)
    expect(await rig.poll(fd)).toBe(0)
    await rig.signal(fence)
    expect(await rig.poll(fd)).toBe(BOTH)
  })

  it.each(['kmalloc', 'dma_resv_reserve_fences', 'idr_alloc'])(
    'leaves nobody waiting when %s fails',
    async (place) => {
      const rig = new VgemRig()
      const fd = await rig.buffer()
      const { handle } = (await rig.import(fd)).args
      const nth = (rig.kernel.callCounts.get(place) ?? 0) + 1
      rig.kernel.fail(place, nth, 'ENOMEM')
      const answer = await rig.attach({ handle, flags: VGEM_FENCE_WRITE, out_fence: 77 })
      expect([answer.code, answer.args.out_fence]).toEqual(['ENOMEM', 77])
      expect(await rig.poll(fd)).toBe(BOTH)
      expect(await rig.fence(handle)).toBe(1)
      await rig.closeHandle(handle)
      rig.sys.close(fd)
      rig.sys.close(rig.card)
      expect(rig.kernel.buffers).toEqual([])
    },
  )

  it('waits for the reservation lock, and keeps the object meanwhile', async () => {
    const machine = new Machine({ board: armSoc, policy: lazyPolicy })
    const { scheduler } = machine
    const dma = new DmaLayer(machine)
    const core = new DmaBufCore(machine, dma)
    const file = new VgemNode({ machine, dma, core }).open(O_RDWR)
    const files = new Descriptors(machine)
    const ioctl = (request: number, bytes: Uint8Array): Promise<number> | undefined =>
      file.ioctl?.({ request, argument: { bytes }, files })
    await ioctl(
      DRM_IOCTL_MODE_CREATE_DUMB,
      drmModeCreateDumb.create({ width: 8, height: 8, bpp: 8 }),
    )
    const [buffer] = core.buffers
    const request = drmVgemFenceAttach.create({ handle: 1 })
    await Promise.all([
      scheduler.spawn('holder', async () => {
        await buffer?.resv.run(() => scheduler.sleep(1000))
      }),
      scheduler.spawn('attacher', async () => {
        await ioctl(DRM_IOCTL_VGEM_FENCE_ATTACH, request)
        expect(scheduler.now).toBe(1000)
      }),
      scheduler.spawn('closer', async () => {
        await ioctl(DRM_IOCTL_GEM_CLOSE, drmGemClose.create({ handle: 1 }))
        expect([scheduler.now, buffer?.released]).toEqual([0, false])
      }),
    ])
    expect([drmVgemFenceAttach.decode(request).out_fence, buffer?.released]).toEqual([1, true])
  })
})

describe('signalling a fence', () => {
  it('is EINVAL for flags, ENOENT for a number that is not in use, and for one used up', async () => {
    const rig = new VgemRig()
    const { fence } = await rig.busy()
    expect(await rig.signal(fence, 1)).toBe('EINVAL')
    for (const unknown of [0, fence + 1, 2 ** 32 - 1]) {
      expect(await rig.signal(unknown)).toBe('ENOENT')
    }
    expect(await rig.signal(99, 1)).toBe('EINVAL')
    expect([await rig.signal(fence), await rig.signal(fence)]).toEqual(['ok', 'ENOENT'])
  })

  it('is ETIMEDOUT, once, when the 10 s were over; the fence has no error', async () => {
    const rig = new VgemRig()
    const { fd, fence } = await rig.busy()
    const { fd: file } = (await rig.exportSync(fd)).args
    const attached = rig.kernel.now()
    await rig.kernel.sleep(9.9 * SECOND)
    expect(await rig.poll(fd)).toBe(0)
    expect(await rig.poll(fd, BOTH, -1)).toBe(BOTH)
    const { fences, args } = await rig.info(file, 1)
    expect([args.status, fences[0]?.status]).toEqual([1, 1])
    const late = (fences[0]?.timestamp_ns ?? 0) - attached
    expect(late).toBeLessThanOrEqual(10 * SECOND)
    expect(late).toBeGreaterThan(9.9 * SECOND)
    expect([await rig.signal(fence), await rig.signal(fence)]).toEqual(['ETIMEDOUT', 'ENOENT'])
  })

  it('takes numbers of its own file alone, which are never used again', async () => {
    const rig = new VgemRig()
    const { handle, fence } = await rig.busy('read')
    const other = new VgemRig()
    expect(await other.signal(fence)).toBe('ENOENT')
    await rig.signal(fence)
    expect([await rig.fence(handle, 'read'), await rig.fence(handle, 'read')]).toEqual([2, 3])
  })

  it('is done for all that are left when the device is closed', async () => {
    const rig = new VgemRig()
    const { fd } = await rig.busy()
    const waiting = rig.kernel.spawn('waiter', () => rig.poll(fd, POLLIN, -1))
    const closing = rig.kernel.spawn('closer', async () => {
      await rig.kernel.sleep(SECOND)
      return rig.sys.close(rig.card)
    })
    expect(await Promise.all([waiting, closing])).toEqual([POLLIN, 0])
    expect(rig.kernel.now()).toBeLessThan(2 * SECOND)
  })

  it('never happens in a run that ends before, and nothing is left of it', async () => {
    const rig = new VgemRig()
    const { fd } = await rig.busy()
    await rig.poll(fd)
    rig.kernel.exit()
    expect(rig.kernel.buffers).toEqual([])
    expect(rig.of('misuse')).toEqual([])
  })
})
