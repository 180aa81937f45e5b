import { describe, expect, it } from 'vitest'
import { DRM_EVENT_FLIP_COMPLETE, drmEventVblank } from '../../../src/abi/drm-event.ts'
import {
  DRM_IOCTL_MODE_PAGE_FLIP,
  DRM_MODE_PAGE_FLIP_EVENT,
  drmModeCrtcPageFlip,
} from '../../../src/abi/drm-framebuffer.ts'
import { POLLIN, POLLOUT, POLLRDNORM } from '../../../src/abi/fcntl.ts'
import { Bench, errnoOf } from './bench.ts'
import { CRTC, Drm } from './drm.ts'
import { imported, PERIOD, small } from './small.ts'

async function ready(): Promise<{ bench: Bench; drm: Drm; ids: [number, number] }> {
  const bench = new Bench(small)
  const drm = new Drm(bench)
  const ids: [number, number] = [(await imported(bench, drm)).id, (await imported(bench, drm)).id]
  await drm.show(ids[0])
  return { bench, drm, ids }
}

describe('the events of flips', () => {
  it('tell the number, the time and what the flip was given', async () => {
    const { bench, drm, ids } = await ready()
    await drm.flipWithEvent(ids[1], 4711)
    expect(drm.file.poll?.(POLLIN | POLLOUT)).toBe(0)
    let woken = 0
    const stop = drm.file.onReady?.(() => woken++)
    await bench.sleep(PERIOD)
    stop?.()
    expect(woken).toBe(1)
    expect(drm.file.poll?.(POLLIN | POLLOUT)).toBe(POLLIN | POLLRDNORM)
    const time = bench.shots[0]?.time ?? 0
    expect(drm.read()).toEqual([
      {
        type: DRM_EVENT_FLIP_COMPLETE,
        length: 32,
        user_data: 4711,
        tv_sec: 0,
        tv_usec: Math.floor(time / 1000),
        sequence: 1,
        crtc_id: CRTC,
      },
    ])
    expect(drm.file.poll?.(POLLIN)).toBe(0)
    expect(await errnoOf(() => drm.read())).toBe('EAGAIN')
  })

  it('carry all 64 bits of the user data', async () => {
    const { bench, drm, ids } = await ready()
    const bytes = drmModeCrtcPageFlip.create({
      crtc_id: CRTC,
      fb_id: ids[1],
      flags: DRM_MODE_PAGE_FLIP_EVENT,
    })
    const userData = [0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0xff]
    bytes.set(userData, drmModeCrtcPageFlip.offsets.user_data)
    const request = DRM_IOCTL_MODE_PAGE_FLIP
    await drm.file.ioctl?.({ request, argument: { bytes }, files: bench.files })
    await bench.sleep(PERIOD)
    const target = new Uint8Array(32)
    expect(drm.file.read?.(target)).toBe(32)
    expect([...target.subarray(drmEventVblank.offsets.user_data, 16)]).toEqual(userData)
  })

  it('are read whole: a short target gets none, a long one all that fit', async () => {
    const { bench, drm, ids } = await ready()
    for (const data of [1, 2, 3]) {
      await drm.flipWithEvent(ids[data % 2] ?? 0, data)
      await bench.sleep(PERIOD)
    }
    expect(drm.read(31)).toEqual([])
    expect(drm.read(95).map(({ user_data }) => user_data)).toEqual([1, 2])
    expect(drm.read(4096).map(({ user_data, sequence }) => [user_data, sequence])).toEqual([[3, 3]])
  })

  it('come only where they were asked for', async () => {
    const { bench, drm, ids } = await ready()
    await drm.flip({ fb_id: ids[1] })
    await bench.sleep(PERIOD)
    expect(drm.file.poll?.(POLLIN)).toBe(0)
    expect(bench.of('job-start')).toHaveLength(2)
  })

  it('fill the room of a file that does not read: ENOMEM, and nothing is lost', async () => {
    const { bench, drm, ids } = await ready()
    for (let flip = 0; flip < 128; flip++) {
      await drm.flipWithEvent(ids[flip % 2] ?? 0, flip)
      await bench.sleep(PERIOD)
    }
    expect(await errnoOf(() => drm.flipWithEvent(ids[0]))).toBe('ENOMEM')
    expect(drm.read(8192)).toHaveLength(128)
    expect(await errnoOf(() => drm.flipWithEvent(ids[0]))).toBe('0')
  })

  it('give their room back when the flip is refused', async () => {
    const { drm, ids } = await ready()
    await drm.flipWithEvent(ids[1])
    for (let again = 0; again < 200; again++) {
      expect(await errnoOf(() => drm.flipWithEvent(ids[0]))).toBe('EBUSY')
    }
  })

  it('come before the framebuffer that they tell of is removed', async () => {
    const { drm, ids } = await ready()
    await drm.flipWithEvent(ids[1], 5)
    await drm.rmFb(ids[1])
    expect(drm.read()).toMatchObject([{ user_data: 5 }])
    expect(await drm.getCrtc()).toMatchObject({ fb_id: 0, mode_valid: 0 })
  })

  it('do not come any more once the flip was dropped', async () => {
    const { bench, drm, ids } = await ready()
    await drm.flipWithEvent(ids[1])
    drm.file.release()
    await bench.sleep(2 * PERIOD)
    expect(await errnoOf(() => drm.read())).toBe('EAGAIN')
    expect(bench.of('job-start').length).toBe(bench.of('job-end').length)
  })
})
