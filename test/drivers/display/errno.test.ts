import { describe, expect, it } from 'vitest'
import * as drm from '../../../src/abi/drm.ts'
import { DRM_MODE_FB_MODIFIERS } from '../../../src/abi/drm-framebuffer.ts'
import type { DrmModeModeinfo } from '../../../src/abi/drm-mode.ts'
import { FOURCC_YU12, fourcc } from '../../../src/abi/fourcc.ts'
import { ior, iowr } from '../../../src/abi/ioctl-number.ts'
import { Bench, errnoOf } from './bench.ts'
import { CONNECTOR, CRTC, Drm } from './drm.ts'
import { H, imported, PERIOD, small, W } from './small.ts'

interface Stage {
  readonly bench: Bench
  readonly card: Drm
  readonly other: Drm
  /** Of an imported buffer. */
  readonly handle: number
  readonly id: number
  readonly second: number
  readonly fd: number
  readonly mode: DrmModeModeinfo
}

async function stage(): Promise<Stage> {
  const bench = new Bench(small)
  const card = new Drm(bench)
  const other = new Drm(bench)
  const { handle, id, fd } = await imported(bench, card)
  const second = (await imported(bench, card)).id
  return { bench, card, other, handle, id, second, fd, mode: await card.preferred() }
}

type Row = readonly [errno: string, what: string, call: (stage: Stage) => unknown]

const raw =
  (request: number) =>
  ({ card, bench }: Stage): unknown =>
    card.file.ioctl?.({ request, argument: { bytes: new Uint8Array(64) }, files: bench.files })

const xr24 = { width: W, height: H, pixel_format: fourcc('XR24'), pitches: [W * 4] }
const yu12 = { width: W, height: H, pixel_format: FOURCC_YU12, pitches: [W, W / 2, W / 2] }
const add =
  (values: Parameters<Drm['addFb']>[0], plane = 1) =>
  ({ card, handle }: Stage): unknown =>
    card.addFb({ ...xr24, handles: Array.from({ length: plane }, () => handle), ...values })
const set =
  (values: Parameters<Drm['setCrtc']>[0], connectors?: readonly number[]) =>
  ({ card, id, mode }: Stage): unknown =>
    card.setCrtc({ fb_id: id, mode_valid: 1, mode, ...values }, connectors)
const timing =
  (values: Partial<DrmModeModeinfo>) =>
  ({ card, id, mode }: Stage): unknown =>
    card.setCrtc({ fb_id: id, mode_valid: 1, mode: { ...mode, ...values } })
const flip =
  (values: Parameters<Drm['flip']>[0]) =>
  async ({ card, id, second }: Stage): Promise<unknown> => {
    await card.show(id)
    return card.flip({ fb_id: second, ...values })
  }

const rows: readonly Row[] = [
  ['ENOTTY', 'a request of another device', raw(iowr('V', 0x00, 64))],
  ['EINVAL', 'a number beyond the table', raw(iowr('d', 0xff, 8))],
  ['EINVAL', 'a number of a driver', raw(iowr('d', 0x41, 16))],
  ['0', 'a number with another size', raw(iowr('d', 0xa0, 8))],
  ['EOPNOTSUPP', 'creating a sync object', raw(iowr('d', 0xbf, 8))],
  ['EOPNOTSUPP', 'an atomic request', raw(iowr('d', 0xbc, 56))],
  ['EOPNOTSUPP', 'waiting for a vertical blank', raw(iowr('d', 0x3a, 24))],
  ['EINVAL', 'a number whose structure does not go in', raw(ior('d', 0x09, 8))],

  ['EINVAL', 'an unknown capability', ({ card }) => cap(card, 99)],
  ['0', 'the capability PRIME', ({ card }) => cap(card, drm.DRM_CAP_PRIME)],

  ['EBADF', 'importing a closed descriptor', ({ card }) => card.import(99)],
  ['EBADF', 'importing descriptor -1', ({ card }) => card.import(-1)],
  [
    'EINVAL',
    'importing what is no dma-buf',
    ({ card, bench }) => card.import(bench.files.install(card.file)),
  ],
  ['ENOENT', 'exporting an unknown handle', ({ card }) => card.export(99)],
  ['EINVAL', 'exporting with other flags', ({ card, handle }) => card.export(handle, 4)],
  ['EINVAL', 'the flags before the handle', ({ card }) => card.export(99, 4)],
  ['EINVAL', 'closing handle 0', ({ card }) => card.close(0)],
  ['EINVAL', 'closing the handle of another file', ({ other, handle }) => other.close(handle)],

  ['EINVAL', 'a dumb buffer without width', ({ card }) => card.dumb(0, 8)],
  ['EINVAL', 'a dumb buffer without bits', ({ card }) => card.dumb(8, 8, 0)],
  ['EINVAL', 'a dumb line over 4 GiB', ({ card }) => card.dumb(2 ** 30, 1)],
  ['EINVAL', 'a dumb buffer over 4 GiB', ({ card }) => card.dumb(65536, 65536)],
  ['EINVAL', 'a dumb buffer that rounds up to 4 GiB', ({ card }) => card.dumb(65535, 65537, 8)],
  ['EINVAL', 'bits near 2^32', ({ card }) => card.dumb(1, 1, 0xffffffff)],
  ['ENOMEM', 'a dumb buffer over the memory', ({ card }) => card.dumb(32768, 24576)],
  ['ENOENT', 'mapping an unknown handle', ({ card }) => card.mapOffset(99)],
  ['EINVAL', 'mapping an imported buffer', ({ card, handle }) => card.mapOffset(handle)],
  ['EINVAL', 'destroying an unknown handle', ({ card }) => card.destroyDumb(99)],
  ['0', 'destroying an imported handle', ({ card, handle }) => card.destroyDumb(handle)],

  ['0', 'a framebuffer', add({})],
  ['EINVAL', 'unknown flags', add({ flags: 4 })],
  ['EINVAL', 'a width below the least', add({ width: 15 })],
  ['EINVAL', 'a height above the greatest', add({ height: 8193 })],
  ['EINVAL', 'an unknown format', add({ pixel_format: fourcc('AB24') })],
  ['EINVAL', 'handle 0', add({ handles: [0] })],
  ['ENOENT', 'an unknown handle', add({ handles: [99] })],
  ['ERANGE', 'a plane beyond 4 GiB', add({ pitches: [2 ** 28] })],
  ['EINVAL', 'a pitch below a line', add({ pitches: [W * 4 - 1] })],
  ['EINVAL', 'the pitch before the handle', add({ pitches: [W * 4 - 1], handles: [99] })],
  ['EINVAL', 'a buffer that is too short', add({ offsets: [4] })],
  ['EINVAL', 'a picture that is too high', add({ height: H + 2 })],
  ['0', 'a pitch whose last line just fits', add({ height: H / 2, pitches: [W * 8] })],
  ['EINVAL', 'a modifier that is not asked for', add({ modifier: [1] })],
  ['EINVAL', 'a modifier', add({ flags: DRM_MODE_FB_MODIFIERS, modifier: [1] })],
  ['0', 'LINEAR', add({ flags: DRM_MODE_FB_MODIFIERS, modifier: [0] })],
  ['EINVAL', 'a modifier of an unused plane', add({ modifier: [0, 1] })],
  ['0', 'garbage in an unused plane', add({ pitches: [W * 4, 7] })],
  ['EINVAL', 'the same with modifiers', add({ pitches: [W * 4, 7], flags: DRM_MODE_FB_MODIFIERS })],
  ['0', 'YU12', add({ ...yu12, offsets: [0, W * H, (W * H * 5) / 4] }, 3)],
  ['EINVAL', 'YU12 of odd width', add({ ...yu12, width: W - 1 }, 3)],
  ['EINVAL', 'YU12 without a handle for Cr', add(yu12, 2)],
  ['EINVAL', 'Cr beyond the buffer', add({ ...yu12, offsets: [0, 0, W * H * 4] }, 3)],
  ['ENOENT', 'removing an unknown framebuffer', ({ card }) => card.rmFb(99)],
  ['ENOENT', 'removing that of another file', ({ other, id }) => other.rmFb(id)],

  ['0', 'setting a mode', set({})],
  ['EACCES', 'setting a mode without mastership', ({ other, id }) => other.show(id)],
  ['ERANGE', 'a place beyond 65535', set({ x: 65536 })],
  ['ENOENT', 'an unknown CRTC', set({ crtc_id: 99 })],
  ['ENOENT', 'an unknown framebuffer', set({ fb_id: 99 })],
  ['ENOENT', 'framebuffer 0 with a mode', set({ fb_id: 0 })],
  ['EINVAL', 'the shown framebuffer while off', set({ fb_id: 0xffffffff })],
  ['ENOSPC', 'a place beyond the framebuffer', set({ y: 1 })],
  ['EINVAL', 'a mode without connectors', set({}, [])],
  ['EINVAL', 'two connectors', set({}, [CONNECTOR, CONNECTOR])],
  ['ENOENT', 'an unknown connector', set({}, [99])],
  ['EINVAL', 'connectors without a mode', set({ mode_valid: 0 })],
  ['0', 'nothing at all, while off', set({ mode_valid: 0 }, [])],
  ['EINVAL', 'no visible pixels', timing({ hdisplay: 0 })],
  ['EINVAL', 'vertical timings out of order', timing({ vsync_end: 0 })],
  ['EINVAL', 'a clock of 0', timing({ clock: 0 })],
  ['ERANGE', 'a clock of 2^31', timing({ clock: 2 ** 31 })],
  ['EINVAL', 'a clock too fast', timing({ clock: 2 ** 31 - 1 })],
  ['EINVAL', 'a clock too slow', timing({ clock: 1 })],
  ['EINVAL', 'interlacing', timing({ flags: 0x10 })],
  ['0', 'polarities of the sync signals', timing({ flags: 0x5 })],
  ['EINVAL', 'a flag beyond the last', timing({ flags: 2 ** 31 })],
  ['EINVAL', 'a flag that is not defined any more', timing({ flags: 0x400 })],
  ['EINVAL', 'an aspect ratio that was not asked for', timing({ flags: 1 << 19 })],
  ['0', 'the last 3D layout', timing({ flags: 8 << 14 })],
  ['EINVAL', 'a 3D layout after the last', timing({ flags: 9 << 14 })],
  ['0', 'types that are not known', timing({ type: 0xffffff97 })],
  ['ENOSPC', 'a mode larger than the framebuffer', timing({ vdisplay: H + 1 })],

  ['0', 'a flip', flip({})],
  ['EACCES', 'a flip without mastership', ({ other, id }) => other.flip({ fb_id: id })],
  ['EBUSY', 'a flip while off', ({ card, id }) => card.flip({ fb_id: id })],
  ['EINVAL', 'a flip at once', flip({ flags: 2 })],
  ['EINVAL', 'a flip with something reserved', flip({ reserved: 1 })],
  ['ENOENT', 'a flip of another CRTC', flip({ crtc_id: CONNECTOR })],
  ['ENOENT', 'a flip to an unknown framebuffer', flip({ fb_id: 99 })],
  [
    'EBUSY',
    'a flip while one waits',
    async (scene) => {
      await flip({})(scene)
      await scene.card.flip({ fb_id: scene.id })
    },
  ],
  [
    'EINVAL',
    'a flip to another format',
    async ({ card, id, handle }) => {
      const nv12 = { width: W, height: H, pixel_format: fourcc('NV12') }
      const other = await card.addFb({ ...nv12, handles: [handle, handle], pitches: [W, W] })
      await card.show(id)
      await card.flip({ fb_id: other })
    },
  ],
  [
    'ENOSPC',
    'a flip to a smaller picture',
    async ({ card, id, handle }) => {
      const smaller = await card.addFb({ ...xr24, height: H - 1, handles: [handle] })
      await card.show(id)
      await card.flip({ fb_id: smaller })
    },
  ],
  ['ENOENT', 'GETCRTC of an unknown one', ({ card }) => card.getCrtc(CRTC + 1)],
]

function cap(card: Drm, capability: number): Promise<unknown> {
  return card.ioctl(drm.DRM_IOCTL_GET_CAP, drm.drmGetCap, { capability })
}

describe('the answer of a request', () => {
  it.each(rows)('%s: %s', async (expected, _what, call) => {
    const scene = await stage()
    expect(await errnoOf(() => call(scene))).toBe(expected)
  })

  it('is EINTR for a SETCRTC that is interrupted while a flip waits', async () => {
    const { card, id, second, mode } = await stage()
    await card.show(id)
    await card.flip({ fb_id: second })
    const signal = AbortSignal.abort()
    const values = { fb_id: id, mode_valid: 1, mode }
    expect(await errnoOf(() => card.setCrtc(values, [CONNECTOR], signal))).toBe('EINTR')
    expect((await card.getCrtc()).fb_id).toBe(second)
  })

  it('is EACCES before EOPNOTSUPP for an atomic request of a file that is not master', async () => {
    const { other, bench } = await stage()
    const argument = { bytes: new Uint8Array(56) }
    const request = iowr('d', 0xbc, 56)
    const call = { request, argument, files: bench.files }
    expect(await errnoOf(() => other.file.ioctl?.(call))).toBe('EACCES')
  })

  it.each([
    [0, 1],
    [999, 1],
    [0, 2],
  ])(
    'is the refresh rate of the timing for a mode that says %d, with %d scans a line',
    async (vrefresh, vscan) => {
      const { card, id, mode } = await stage()
      const given = { ...mode, vrefresh, vscan, type: 0xff }
      await card.setCrtc({ fb_id: id, mode_valid: 1, mode: given })
      const { mode: kept } = await card.getCrtc()
      const pixels = mode.htotal * mode.vtotal * vscan
      expect(kept).toEqual({
        ...given,
        type: 0x68,
        vrefresh: Math.round((mode.clock * 1000) / pixels),
      })
    },
  )

  it('is EBADF for a SETCRTC whose file is closed while a flip waits', async () => {
    const { bench, card, id, second } = await stage()
    await card.show(id)
    await card.flip({ fb_id: second })
    const { scheduler } = bench.machine
    const [first] = await Promise.all([
      scheduler.spawn('a', () => errnoOf(() => card.show(id))),
      scheduler.spawn('b', async () => card.file.release()),
    ])
    expect(first).toBe('EBADF')
    await bench.sleep(2 * PERIOD)
    expect(bench.of('job-start').length).toBe(bench.of('job-end').length)
  })
})

describe('mapping the device', () => {
  const request = { offset: 0, length: 4096, readable: true, writable: true, shared: true }

  it('gives part of a dumb buffer, from the offset that MAP_DUMB tells', async () => {
    const card = new Drm(new Bench(small))
    const { handle } = await card.dumb(64, 64)
    const offset = await card.mapOffset(handle)
    expect(await card.mapOffset(handle)).toBe(offset)
    const pages = card.file.mmap?.({ ...request, offset })?.pages
    expect(pages).toMatchObject({ attribute: 'write-combine', runs: [{ offset: 0, length: 4096 }] })
  })

  it('fails elsewhere, beyond the end, privately, and without a handle', async () => {
    const bench = new Bench(small)
    const [card, other] = [new Drm(bench), new Drm(bench)]
    const { handle } = await card.dumb(32, 32)
    const offset = await card.mapOffset(handle)
    const map = (drm: Drm, values: object): Promise<string> =>
      errnoOf(() => drm.file.mmap?.({ ...request, offset, ...values }))
    expect(await map(card, { offset: 0 })).toBe('EINVAL')
    expect(await map(card, { length: 8192 })).toBe('EINVAL')
    expect(await map(card, { shared: false })).toBe('EINVAL')
    expect(await map(other, {})).toBe('EACCES')
    await card.destroyDumb(handle)
    expect(await map(card, {})).toBe('EINVAL')
  })
})
