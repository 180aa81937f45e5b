import { describe, expect, it } from 'vitest'
import { errno } from '../../src/abi/errno.ts'
import { POLLIN, POLLOUT, VgemRig } from '../drivers/vgem/rig.ts'
import * as uapi from '../uapi.ts'

const { DMA_BUF_SYNC_READ: READ, DMA_BUF_SYNC_WRITE: WRITE, DMA_BUF_SYNC_RW: RW } = uapi
const { DMA_BUF_SYNC_END: END } = uapi
const BOTH = POLLIN | POLLOUT
const LATER = 50_000_000

/**
 * The result of `body`, and whether it came only after `fence` was signalled, a good while later.
 */
async function untilSignal<T>(
  rig: VgemRig,
  fence: number,
  body: () => Promise<T>,
): Promise<[T, 'at once' | 'after the signal']> {
  const start = rig.kernel.now()
  const waiter = rig.kernel.spawn('waiter', async () => [await body(), rig.kernel.now()] as const)
  await rig.kernel.sleep(LATER)
  await rig.signal(fence)
  const [value, time] = await waiter
  return [value, time - start < LATER ? 'at once' : 'after the signal']
}

describe('exporting a sync file from a dma-buf', () => {
  it.each([
    ['EINVAL', 'no flags', 0],
    ['EINVAL', 'END', READ | END],
    ['EINVAL', 'bits beyond', 8],
    ['ok', 'READ', READ],
    ['ok', 'WRITE', WRITE],
    ['ok', 'both', RW],
  ] as const)('is %s for %s', async (code, _what, flags) => {
    const rig = new VgemRig()
    const answer = await rig.exportSync(await rig.buffer(), flags)
    expect([answer.code, answer.args.fd >= 0]).toEqual([code, code === 'ok'])
  })

  it('is EMFILE after EINVAL, and writes no descriptor', async () => {
    const rig = new VgemRig({ fdLimit: 6 })
    const fd = await rig.buffer()
    rig.sys.dup(fd)
    expect((await rig.exportSync(fd, 0)).code).toBe('EINVAL')
    const { code, args } = await rig.exportSync(fd)
    expect([code, args.fd]).toEqual(['EMFILE', -7])
  })

  it.each([
    ['copy_from_user', 'EFAULT'],
    ['get_unused_fd_flags', 'EMFILE'],
    ['kmalloc', 'ENOMEM'],
    ['copy_to_user', 'EFAULT'],
  ] as const)('makes no descriptor when %s fails', async (place, code) => {
    const rig = new VgemRig()
    const fd = await rig.buffer()
    const opened = rig.of('fd-open').length
    rig.kernel.fail(place, (rig.kernel.callCounts.get(place) ?? 0) + 1, code)
    const answer = await rig.exportSync(fd)
    expect([answer.code, answer.args.fd]).toEqual([code, -7])
    expect(rig.of('fd-open')).toHaveLength(opened)
  })

  it('gives a descriptor that is closed on exec', async () => {
    const rig = new VgemRig()
    const { fd } = (await rig.exportSync(await rig.buffer())).args
    expect(rig.sys.fcntl(fd, uapi.F_GETFD, 0)).toBe(uapi.FD_CLOEXEC)
    expect(rig.sys.fcntl(fd, uapi.F_GETFL, 0)).toBe(uapi.O_RDONLY)
  })

  it('gives a stub where there is no fence that is not signalled', async () => {
    const rig = new VgemRig()
    const { fd, fence } = await rig.busy()
    await rig.signal(fence)
    const { args } = await rig.info((await rig.exportSync(fd, RW)).args.fd)
    expect(args).toMatchObject({ name: 'stub-stub0-0', status: 1, num_fences: 1 })
  })

  it('gives a reader the writers, and a writer everybody', async () => {
    const rig = new VgemRig()
    const { fd, handle } = await rig.busy('read')
    await rig.fence(handle, 'read')
    const count = async (flags: number): Promise<[number, number]> => {
      const { args } = await rig.info((await rig.exportSync(fd, flags)).args.fd)
      return [args.num_fences, args.status]
    }
    expect(await count(READ)).toEqual([1, 1])
    expect(await count(WRITE)).toEqual([2, 0])
    expect(await count(RW)).toEqual([2, 0])
  })

  it('names an array of several fences after itself, and lists its members', async () => {
    const rig = new VgemRig()
    const { fd, handle } = await rig.busy('read')
    await rig.fence(handle, 'read')
    const { args, fences } = await rig.info((await rig.exportSync(fd, WRITE)).args.fd, 2)
    expect(args.name).toBe('dma_fence_array-unbound3-1'.slice(0, 31))
    expect(fences.map(({ driver_name }) => driver_name)).toEqual(['vgem', 'vgem'])
  })

  it('is a snapshot: fences that come later are not in it', async () => {
    const rig = new VgemRig()
    const { fd, handle, fence } = await rig.busy()
    const { fd: file } = (await rig.exportSync(fd)).args
    await rig.signal(fence)
    await rig.fence(handle)
    expect(await rig.poll(file)).toBe(POLLIN)
    expect(await rig.poll(fd)).toBe(0)
  })
})

describe('importing a sync file into a dma-buf', () => {
  it('is EINVAL for flags, and then for what is no sync file', async () => {
    const rig = new VgemRig()
    const fd = await rig.buffer()
    const { fd: file } = (await rig.exportSync(fd)).args
    for (const flags of [0, 4, 8, READ | END]) {
      expect(await rig.importSync(fd, flags, file)).toBe('EINVAL')
    }
    for (const other of [99, -1, fd, rig.card]) {
      expect(await rig.importSync(fd, READ, other)).toBe('EINVAL')
    }
    expect(await rig.importSync(fd, READ, file)).toBe('ok')
  })

  it.each([
    ['copy_from_user', 'EFAULT'],
    ['dma_resv_reserve_fences', 'ENOMEM'],
  ] as const)('adds nothing when %s fails, and leaves the lock free', async (place, code) => {
    const rig = new VgemRig()
    const source = await rig.busy()
    const fd = await rig.buffer()
    const { fd: file } = (await rig.exportSync(source.fd)).args
    rig.kernel.fail(place, (rig.kernel.callCounts.get(place) ?? 0) + 1, code)
    expect(await rig.importSync(fd, WRITE, file)).toBe(code)
    expect(await rig.poll(fd)).toBe(BOTH)
    expect(await rig.importSync(fd, WRITE, file)).toBe('ok')
    expect(await rig.poll(fd)).toBe(0)
  })

  it.each([
    [READ, POLLIN],
    [WRITE, 0],
    [RW, 0],
  ])('with flags %d leaves %d ready', async (flags, ready) => {
    const rig = new VgemRig()
    const source = await rig.busy()
    const fd = await rig.buffer()
    await rig.importSync(fd, flags, (await rig.exportSync(source.fd)).args.fd)
    expect(await rig.poll(fd)).toBe(ready)
    await rig.signal(source.fence)
    expect(await rig.poll(fd)).toBe(BOTH)
  })

  it('takes each fence of a merged file by itself', async () => {
    const rig = new VgemRig()
    const [a, b] = [await rig.busy(), await rig.busy()]
    const [one, two] = [(await rig.exportSync(a.fd)).args.fd, (await rig.exportSync(b.fd)).args.fd]
    const fd = await rig.buffer()
    await rig.importSync(fd, WRITE, (await rig.merge(one, { fd2: two })).args.fence)
    await rig.signal(a.fence)
    expect((await rig.info((await rig.exportSync(fd)).args.fd)).args.num_fences).toBe(1)
    expect(await rig.poll(fd)).toBe(0)
    await rig.signal(b.fence)
    expect(await rig.poll(fd)).toBe(BOTH)
  })
})

describe('polling a dma-buf', () => {
  it.each([
    ['write', POLLIN, 0],
    ['write', POLLOUT, 0],
    ['write', BOTH, 0],
    ['read', POLLIN, POLLIN],
    ['read', POLLOUT, 0],
    ['read', BOTH, POLLIN],
  ] as const)('under a %s fence, of events %d %d are ready', async (access, events, ready) => {
    const rig = new VgemRig()
    const { fd, fence } = await rig.busy(access)
    expect(await rig.poll(fd, events)).toBe(ready)
    await rig.signal(fence)
    expect(await rig.poll(fd, events)).toBe(events)
    expect(await rig.poll(fd, 0)).toBe(0)
  })

  it('wakes every waiter, by whatever descriptor it came', async () => {
    const rig = new VgemRig()
    const { fd, fence } = await rig.busy()
    const copy = rig.sys.dup(fd)
    const [woken] = await Promise.all([
      untilSignal(rig, fence, () =>
        Promise.all([
          rig.kernel.spawn('a', () => rig.poll(fd, POLLIN, -1)),
          rig.kernel.spawn('b', () => rig.poll(copy, POLLOUT, -1)),
          rig.kernel.spawn('c', () => rig.poll(fd, BOTH, LATER / 2)),
        ]),
      ),
    ])
    expect(woken).toEqual([[POLLIN, POLLOUT, 0], 'after the signal'])
  })

  it('waits for one fence after the other', async () => {
    const rig = new VgemRig()
    const { fd, handle, fence } = await rig.busy('read')
    const second = await rig.fence(handle, 'read')
    expect(await rig.poll(fd, POLLOUT)).toBe(0)
    await rig.signal(second)
    expect(await rig.poll(fd, POLLOUT)).toBe(0)
    const both = await untilSignal(rig, fence, () => rig.poll(fd, POLLOUT, -1))
    expect(both).toEqual([POLLOUT, 'after the signal'])
  })

  it('keeps the buffer until the fence is signalled, as fdinfo and a release show', async () => {
    const rig = new VgemRig()
    const { fd, handle, fence } = await rig.busy()
    const count = (): number =>
      Number(/count:\t(\d+)/.exec(rig.readText(`/proc/self/fdinfo/${fd}`))?.[1])
    const before = count()
    await rig.poll(fd, BOTH)
    await rig.poll(fd, BOTH)
    expect(count()).toBe(before + 2)
    await rig.closeHandle(handle)
    rig.sys.close(fd)
    expect(rig.kernel.buffers).toHaveLength(1)
    await rig.signal(fence)
    expect(rig.kernel.buffers).toEqual([])
  })

  it('shows its fences in debugfs', async () => {
    const rig = new VgemRig()
    const { handle } = await rig.busy('read')
    await rig.fence(handle, 'read')
    const text = rig.readText('/sys/kernel/debug/dma_buf/bufinfo')
    const line = '\tread fence:vgem unbound seq 1 unsignalled\n'
    expect(text).toContain(`${line}${line}\tAttached Devices:\n\tvgem\n`)
  })
})

describe('a CPU access', () => {
  it.each([
    ['write', READ, 'after the signal'],
    ['write', WRITE, 'after the signal'],
    ['write', RW, 'after the signal'],
    ['read', READ, 'at once'],
    ['read', WRITE, 'after the signal'],
    ['read', RW, 'after the signal'],
  ] as const)('under a %s fence begins, with flags %d, %s', async (access, flags, when) => {
    const rig = new VgemRig()
    const { fd, fence } = await rig.busy(access)
    expect(await untilSignal(rig, fence, () => rig.access(fd, flags))).toEqual(['ok', when])
  })

  it('ends at once, whoever uses the buffer', async () => {
    const rig = new VgemRig()
    const { fd, fence } = await rig.busy()
    const ended = await untilSignal(rig, fence, () => rig.access(fd, RW | END))
    expect(ended).toEqual(['ok', 'at once'])
  })

  it('is begun by the exporter before the wait, and has failed when that is interrupted', async () => {
    const rig = new VgemRig()
    const { fd, fence } = await rig.busy()
    const controller = new AbortController()
    const waiter = rig.kernel.spawn('waiter', () => rig.access(fd, READ, controller.signal))
    await rig.kernel.sleep(LATER)
    expect(rig.of('dma-sync')).toHaveLength(1)
    controller.abort()
    expect(await waiter).toBe('EINTR')
    await rig.signal(fence)
    expect(await rig.access(fd, READ)).toBe('ok')
    expect(rig.of('cpu-access-begin').map(({ result }) => result)).toEqual([-errno.EINTR, 0])
  })

  it('does not wait for a fence whose 10 s are over', async () => {
    const rig = new VgemRig()
    const { fd } = await rig.busy()
    const start = rig.kernel.now()
    expect(await rig.access(fd, RW)).toBe('ok')
    const waited = rig.kernel.now() - start
    expect(waited).toBeGreaterThan(9e9)
    expect(waited).toBeLessThan(11e9)
  })
})
