import { describe, expect, it } from 'vitest'
import * as buf from '../../src/abi/dma-buf.ts'
import * as sync from '../../src/abi/sync-file.ts'
import { codeOf, POLLIN, POLLOUT, VgemRig } from '../drivers/vgem/rig.ts'

/** A buffer with a fence, and a sync file of it. */
async function withFile(
  options: ConstructorParameters<typeof VgemRig>[0] = {},
): Promise<{ rig: VgemRig; fd: number; fence: number; file: number }> {
  const rig = new VgemRig(options)
  const { fd, fence } = await rig.busy()
  return { rig, fd, fence, file: (await rig.exportSync(fd)).args.fd }
}

/** Sync files of two buffers, with the numbers of their fences. */
async function twoFiles(): Promise<{ rig: VgemRig; files: number[]; fences: number[] }> {
  const { rig, file, fence } = await withFile()
  const other = await rig.busy()
  return {
    rig,
    files: [file, (await rig.exportSync(other.fd)).args.fd],
    fences: [fence, other.fence],
  }
}

describe('merging', () => {
  it.each([
    ['EINVAL', 'flags', { flags: 1 }],
    ['EINVAL', 'a pad', { pad: 1 }],
    ['EINVAL', 'flags before the descriptor', { flags: 1, fd2: 99 }],
    ['ENOENT', 'a descriptor that is not open', { fd2: 99 }],
    ['ENOENT', 'a negative one', { fd2: -1 }],
  ] as const)('is %s for %s, and writes nothing', async (code, _what, values) => {
    const { rig, file } = await withFile()
    const answer = await rig.merge(file, { name: 'x', fd2: file, ...values })
    expect([answer.code, answer.args.fence]).toEqual([code, -7])
  })

  it('is ENOENT for what is no sync file', async () => {
    const { rig, file, fd } = await withFile()
    expect((await rig.merge(file, { fd2: fd })).code).toBe('ENOENT')
  })

  it('is EMFILE before anything else', async () => {
    const { rig, file } = await withFile({ fdLimit: 6 })
    expect((await rig.merge(file, { fd2: 99, flags: 1 })).code).toBe('EMFILE')
    rig.sys.close(rig.card)
    expect((await rig.merge(file, { fd2: file })).code).toBe('ok')
  })

  it.each([
    ['get_unused_fd_flags', 'EMFILE'],
    ['copy_from_user', 'EFAULT'],
    ['kmalloc', 'ENOMEM'],
    ['copy_to_user', 'EFAULT'],
  ] as const)('makes no descriptor when %s fails', async (place, code) => {
    const { rig, file } = await withFile()
    const opened = rig.of('fd-open').length
    rig.kernel.fail(place, (rig.kernel.callCounts.get(place) ?? 0) + 1, code)
    const answer = await rig.merge(file, { fd2: file })
    expect([answer.code, answer.args.fence]).toEqual([code, -7])
    expect(rig.of('fd-open')).toHaveLength(opened)
  })

  it('gives both fences under a name of its own, cut to 31 bytes', async () => {
    const { rig, files } = await twoFiles()
    const [file = -1, fd2 = -1] = files
    const bytes = sync.syncMergeData.create({ fd2 })
    bytes.fill('n'.charCodeAt(0), 0, 32)
    expect(await rig.sys.ioctl(file, sync.SYNC_IOC_MERGE, { bytes })).toBe(0)
    const { fence } = sync.syncMergeData.decode(bytes)
    expect(bytes[31]).toBe(0)
    const { args, fences } = await rig.info(fence, 5)
    expect([args.name, args.num_fences, args.status]).toEqual(['n'.repeat(31), 2, 0])
    expect(fences.map(({ obj_name, driver_name }) => [driver_name, obj_name])).toEqual([
      ['vgem', 'unbound'],
      ['vgem', 'unbound'],
    ])
  })

  it('of one fence twice gives that fence; of no name, its own name', async () => {
    const { rig, file } = await withFile()
    const merged = (await rig.merge(file, { fd2: file })).args.fence
    const { args } = await rig.info(merged)
    expect([args.name, args.num_fences]).toEqual(['vgem-unbound1-1', 1])
  })

  it('of what is signalled is a stub that has the time of the last', async () => {
    const { rig, files, fences } = await twoFiles()
    for (const fence of fences) await rig.signal(fence)
    const last = (await rig.info(files[1] as number, 1)).fences[0]?.timestamp_ns
    const merged = await rig.merge(files[0] as number, { fd2: files[1] as number })
    const { args, fences: infos } = await rig.info(merged.args.fence, 1)
    expect([args.status, args.name]).toEqual([1, 'stub-stub0-0'])
    expect(infos).toMatchObject([{ driver_name: 'stub', status: 1, timestamp_ns: last }])
  })

  it('drops the fence that is signalled, and keeps that of the other', async () => {
    const { rig, files, fences } = await twoFiles()
    await rig.signal(fences[0] as number)
    const merged = await rig.merge(files[0] as number, { fd2: files[1] as number })
    expect((await rig.info(merged.args.fence, 2)).args).toMatchObject({ num_fences: 1, status: 0 })
  })
})

describe('what a sync file tells', () => {
  it('is its count, name and status without room for fences', async () => {
    const { rig, file, fence } = await withFile()
    expect(await rig.info(file)).toMatchObject({
      code: 'ok',
      args: { name: 'vgem-unbound1-1', status: 0, num_fences: 1 },
    })
    await rig.signal(fence)
    expect((await rig.info(file)).args.status).toBe(1)
  })

  it('is each fence, with the time when it is signalled', async () => {
    const { rig, files, fences } = await twoFiles()
    const merged = await rig.merge(files[0] as number, { fd2: files[1] as number })
    const before = rig.kernel.now()
    await rig.signal(fences[1] as number)
    const { args, fences: infos } = await rig.info(merged.args.fence, 2)
    expect(args.status).toBe(0)
    expect(infos.map(({ status }) => status)).toEqual([0, 1])
    expect(infos[0]?.timestamp_ns).toBe(0)
    expect(infos[1]?.timestamp_ns).toBeGreaterThan(before)
  })

  it('leaves the bytes behind the name as they were', async () => {
    const { rig, file } = await withFile()
    const bytes = sync.syncFileInfo.create({ name: 'x'.repeat(31) })
    await rig.sys.ioctl(file, sync.SYNC_IOC_FILE_INFO, { bytes })
    const text = new TextDecoder().decode(bytes.subarray(0, 20))
    expect(text).toBe('vgem-unbound1-1\0xxxx')
  })

  it.each([
    ['EINVAL', 'flags', { flags: 1 }],
    ['EINVAL', 'a pad', { pad: 1 }],
  ] as const)('is %s for %s', async (code, _what, values) => {
    const { rig, file } = await withFile()
    expect((await rig.info(file, 1, values)).code).toBe(code)
  })

  it('is EINVAL for room that is too small, and EFAULT for memory that is not there', async () => {
    const { rig, files } = await twoFiles()
    const merged = await rig.merge(files[0] as number, { fd2: files[1] as number })
    const { fence } = merged.args
    expect((await rig.info(fence, 1)).code).toBe('EINVAL')
    expect((await rig.info(fence, 2)).code).toBe('ok')
    const layout = sync.syncFileInfo
    for (const pointer of [0, 4096]) {
      const bytes = layout.create({ num_fences: 2, sync_fence_info: pointer, name: 'kept' })
      const result = await rig.sys.ioctl(fence, sync.SYNC_IOC_FILE_INFO, { bytes })
      expect([codeOf(result), layout.decode(bytes).name]).toEqual(['EFAULT', 'kept'])
    }
  })

  it.each([
    ['copy_from_user', 'EFAULT', 1],
    ['kmalloc', 'ENOMEM', 1],
    ['copy_to_user', 'EFAULT', 1],
    ['copy_to_user', 'EFAULT', 2],
  ] as const)('is not told when %s fails', async (place, code, nth) => {
    const { rig, file } = await withFile()
    rig.kernel.fail(place, (rig.kernel.callCounts.get(place) ?? 0) + nth, code)
    expect((await rig.info(file, 1)).code).toBe(code)
  })
})

describe('a sync file', () => {
  it('is ENOTTY for other requests; a deadline is a hint', async () => {
    const { rig, file, fd } = await withFile()
    const bytes = new Uint8Array(64)
    const codes = [buf.DMA_BUF_IOCTL_SYNC, 0xc0085a5a].map(async (request) =>
      codeOf(await rig.sys.ioctl(file, request, { bytes })),
    )
    expect(await Promise.all(codes)).toEqual(['ENOTTY', 'ENOTTY'])
    expect((await rig.info(fd)).code).toBe('ENOTTY')
    const deadline = sync.syncSetDeadline.create()
    const ask = async (): Promise<string> =>
      codeOf(await rig.sys.ioctl(file, sync.SYNC_IOC_SET_DEADLINE, { bytes: deadline }))
    expect(await ask()).toBe('ok')
    sync.syncSetDeadline.over(deadline).pad = 1
    expect(await ask()).toBe('EINVAL')
  })

  it('cannot be read, sought or mapped, and is no dma-buf', async () => {
    const { rig, file } = await withFile()
    expect(codeOf(rig.sys.read(file, new Uint8Array(8)))).toBe('EINVAL')
    expect(codeOf(rig.sys.lseek(file, 0, 2))).toBe('ESPIPE')
    expect(codeOf(rig.sys.mmap(4096, 1, 1, file, 0))).toBe('ENODEV')
    expect((await rig.import(file)).code).toBe('EINVAL')
  })

  it('is readable when it is signalled, never writable, and wakes who waits', async () => {
    const { rig, file, fence } = await withFile()
    expect(await rig.poll(file)).toBe(0)
    const waiters = [1, 2].map((n) =>
      rig.kernel.spawn(`waiter ${n}`, () => rig.poll(file, POLLIN | POLLOUT, -1)),
    )
    const signaller = rig.kernel.spawn('signaller', async () => {
      await rig.kernel.sleep(5000)
      return await rig.signal(fence)
    })
    expect(await Promise.all([...waiters, signaller])).toEqual([POLLIN, POLLIN, 'ok'])
    expect(await rig.poll(file, POLLOUT, 1000)).toBe(0)
    expect(await rig.poll(file)).toBe(POLLIN)
  })

  it('outlives the buffer and the device that it came from', async () => {
    const { rig, file, fd } = await withFile()
    rig.sys.close(fd)
    rig.sys.close(rig.card)
    expect(rig.kernel.buffers).toEqual([])
    expect((await rig.info(file, 1)).fences).toMatchObject([{ driver_name: 'vgem', status: 1 }])
    expect(rig.sys.close(file)).toBe(0)
  })

  it('may be closed while it is polled: the fence forgets it', async () => {
    const { rig, file, fence } = await withFile()
    await rig.poll(file)
    rig.sys.close(file)
    expect(await rig.signal(fence)).toBe('ok')
  })
})
