import { describe, expect, it } from 'vitest'
import * as drm from '../../../src/abi/drm.ts'
import * as mode from '../../../src/abi/drm-mode.ts'
import { decodeText } from '../../../src/abi/field-kinds.ts'
import { Bench, errnoOf, memory } from './bench.ts'
import { CONNECTOR, CRTC, Drm } from './drm.ts'
import { imported, PERIOD, small } from './small.ts'

const ids = (bytes: Uint8Array): number[] => [...new Uint32Array(bytes.buffer)]
const room = (count: number): Uint8Array<ArrayBuffer> => new Uint8Array(4 * count)

describe('what the card tells about itself', () => {
  it('is its name, as far as there is room', async () => {
    const card = new Drm(new Bench())
    const ask = (length: number, target: Uint8Array): Promise<drm.DrmVersion> => {
      const pointers = new Map([[drm.drmVersion.offsets.name, memory(target)]])
      const values = { name_len: length }
      return card.ioctl(drm.DRM_IOCTL_VERSION, drm.drmVersion, values, pointers)
    }
    const target = new Uint8Array(8)
    expect(await ask(0, new Uint8Array(0))).toMatchObject({
      name_len: 6,
      date_len: 1,
      version_major: 1,
    })
    expect((await ask(8, target)).name_len).toBe(6)
    expect(decodeText(target)).toBe('simdrm')
    const short = new Uint8Array(8)
    expect((await ask(3, short)).name_len).toBe(6)
    expect(decodeText(short)).toBe('sim')
  })

  it('is its objects: counts first, then as many ids as there is room for', async () => {
    const bench = new Bench(small)
    const card = new Drm(bench)
    const [a, b] = [await imported(bench, card), await imported(bench, card)]
    const counts = { count_fbs: 2, count_crtcs: 1, count_connectors: 1, count_encoders: 1 }
    expect(await card.resources()).toMatchObject({ ...counts, min_width: 16, max_height: 8192 })
    const [fbs, crtcs, connectors] = [room(3), room(1), room(1)]
    const targets = new Map([
      ['fb_id_ptr', fbs],
      ['crtc_id_ptr', crtcs],
      ['connector_id_ptr', connectors],
    ] as const)
    await card.resources({ count_fbs: 3, count_crtcs: 1, count_connectors: 1 }, targets)
    expect([ids(fbs), ids(crtcs), ids(connectors)]).toEqual([[b.id, a.id, 0], [CRTC], [CONNECTOR]])
    expect(await new Drm(bench).resources()).toMatchObject({ count_fbs: 0 })
  })

  it('is a screen with its mode, and what drives it', async () => {
    const bench = new Bench()
    const card = new Drm(bench)
    const before = await card.connector({})
    expect(before).toMatchObject({
      connection: mode.DRM_MODE_CONNECTED,
      connector_type: mode.DRM_MODE_CONNECTOR_VIRTUAL,
      count_modes: 1,
      count_encoders: 1,
      encoder_id: 0,
    })
    const preferred = await card.preferred()
    expect(preferred).toMatchObject({ hdisplay: 640, vdisplay: 360, vrefresh: 60, name: '640x360' })
    expect((preferred.clock * 1000) / preferred.htotal / preferred.vtotal).toBeCloseTo(60, 3)
  })

  it('follows what is shown', async () => {
    const bench = new Bench(small)
    const card = new Drm(bench)
    const { id } = await imported(bench, card)
    const encoders = room(1)
    await card.connector({ count_encoders: 1 }, new Map([['encoders_ptr', encoders]]))
    const [encoder] = ids(encoders)
    const ask = (): Promise<mode.DrmModeGetEncoder> =>
      card.ioctl(mode.DRM_IOCTL_MODE_GETENCODER, mode.drmModeGetEncoder, {
        encoder_id: encoder ?? 0,
      })
    expect(await ask()).toMatchObject({ crtc_id: 0, possible_crtcs: 1 })
    expect(await card.getCrtc()).toMatchObject({ fb_id: 0, mode_valid: 0 })
    await card.show(id)
    expect(await ask()).toMatchObject({ crtc_id: CRTC })
    expect((await card.connector({})).encoder_id).toBe(encoder)
    const now = { fb_id: id, mode_valid: 1, mode: await card.preferred() }
    expect(await card.getCrtc()).toMatchObject(now)
    await bench.sleep(PERIOD)
    await card.off()
    expect(await ask()).toMatchObject({ crtc_id: 0 })
    expect(await card.getCrtc()).toMatchObject({ fb_id: 0, mode_valid: 0 })
  })
})

describe('a pointer', () => {
  it.each([
    ['NULL', { count_crtcs: 1 }, []],
    ['wild', { count_crtcs: 1, crtc_id_ptr: 0xdead }, []],
    ['to too little memory', { count_crtcs: 1 }, [['crtc_id_ptr', new Uint8Array(3)]]],
  ] as const)('%s: EFAULT', async (_what, values, targets) => {
    const card = new Drm(new Bench(small))
    expect(await errnoOf(() => card.resources(values, new Map(targets)))).toBe('EFAULT')
  })

  it('is not looked at where nothing is written', async () => {
    const card = new Drm(new Bench(small))
    expect(await errnoOf(() => card.resources({ crtc_id_ptr: 0xdead }))).toBe('0')
    expect(await errnoOf(() => card.connector({ modes_ptr: 0xdead }))).toBe('0')
  })

  it('to the connectors of SETCRTC leads somewhere', async () => {
    const bench = new Bench(small)
    const card = new Drm(bench)
    const { id } = await imported(bench, card)
    const values = { crtc_id: CRTC, fb_id: id, mode_valid: 1, mode: await card.preferred() }
    const wild = { ...values, count_connectors: 1, set_connectors_ptr: 0xdead }
    const request = mode.DRM_IOCTL_MODE_SETCRTC
    expect(await errnoOf(() => card.ioctl(request, mode.drmModeCrtc, wild))).toBe('EFAULT')
    expect(await errnoOf(() => card.connector({ count_modes: 1 }))).toBe('EFAULT')
  })
})
