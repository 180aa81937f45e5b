import { describe, expect, it } from 'vitest'
import { pc } from '../../../src/boards/pc.ts'
import { Bench } from './bench.ts'
import { Drm } from './drm.ts'
import { BYTES, H, imported, PERIOD, pattern, small, W, xr24 } from './small.ts'

describe('the picture on the screen', () => {
  it('is what the CPU stored in a bracket', async () => {
    const bench = new Bench(small)
    const drm = new Drm(bench)
    const { buffer, id } = await imported(bench, drm)
    const picture = pattern(BYTES)
    await bench.fill(buffer, picture)
    await drm.show(id)
    await bench.sleep(PERIOD)
    expect(bench.shots).toMatchObject([
      { sequence: 1, width: W, height: H, format: 'XR24', pitch: W * 4, first: true },
    ])
    expect(bench.shots[0]?.bytes).toEqual(picture)
    expect(bench.shots[0]?.buffer).toBe(buffer.inode)
    await bench.sleep(PERIOD)
    expect(bench.shots[1]).toMatchObject({ sequence: 2, first: false })
  })

  it('misses a store that was not cleaned, until it is', async () => {
    const bench = new Bench(small)
    const drm = new Drm(bench)
    const { buffer, id } = await imported(bench, drm)
    await drm.show(id)
    const picture = pattern(BYTES)
    bench.map(buffer).store(0, picture)
    await bench.sleep(PERIOD)
    expect(bench.shots.at(-1)?.bytes).toEqual(new Uint8Array(BYTES))
    const kinds = bench.of('device-load').flatMap(({ hazards }) => hazards.map(({ kind }) => kind))
    expect(new Set(kinds)).toEqual(new Set(['memory-behind']))
    await bench.core.endCpuAccess(buffer, 'write')
    await bench.sleep(PERIOD)
    expect(bench.shots.at(-1)?.bytes).toEqual(picture)
  })

  it('shows the same store at once on a coherent board', async () => {
    const bench = new Bench(small, pc)
    const drm = new Drm(bench)
    const { buffer, id } = await imported(bench, drm)
    await drm.show(id)
    bench.map(buffer).store(0, pattern(BYTES))
    await bench.sleep(PERIOD)
    expect(bench.shots.at(-1)?.bytes).toEqual(pattern(BYTES))
  })

  it('shows what is stored in a dumb buffer, with nothing to sync', async () => {
    const bench = new Bench(small)
    const drm = new Drm(bench)
    const { handle, pitch, size } = await drm.dumb(W, H)
    expect({ pitch, size }).toEqual({ pitch: W * 4, size: BYTES })
    expect(bench.of('maintenance').map(({ op, bytes }) => [op, bytes])).toEqual([
      ['clean', BYTES],
      ['invalidate', BYTES],
    ])
    const offset = await drm.mapOffset(handle)
    const mapped = drm.file.mmap?.({
      ...{ offset, length: size },
      ...{ readable: true, writable: true, shared: true },
    })
    expect(mapped?.pages.attribute).toBe('write-combine')
    await drm.show(await xr24(drm, handle))
    await bench.sleep(PERIOD)
    expect(bench.shots.at(-1)?.bytes).toEqual(new Uint8Array(BYTES))
    if (mapped !== undefined && 'buffer' in mapped)
      bench.map(mapped.buffer).store(0, pattern(BYTES))
    await bench.sleep(PERIOD)
    expect(bench.shots.at(-1)?.bytes).toEqual(pattern(BYTES))
    expect(bench.of('device-load').flatMap(({ hazards }) => hazards)).toEqual([])
  })

  it('is half old when it is drawn into under the beam', async () => {
    const bench = new Bench(small)
    const drm = new Drm(bench)
    const { buffer, id } = await imported(bench, drm)
    await drm.show(id)
    await bench.sleep(PERIOD / 3)
    const picture = pattern(BYTES)
    await bench.fill(buffer, picture)
    await bench.sleep(PERIOD)
    const bytes = bench.shots[0]?.bytes ?? new Uint8Array(0)
    const border = bytes.findIndex((byte) => byte !== 0)
    expect(border).toBeGreaterThan(BYTES / 8)
    expect(bytes.subarray(border)).toEqual(picture.subarray(border))
    await bench.sleep(PERIOD)
    expect(bench.shots[1]?.bytes).toEqual(picture)
  })
})

describe('the engine', () => {
  it('reads in bands, evenly in time, again and again, as one job', async () => {
    const bench = new Bench(small)
    const drm = new Drm(bench)
    const { buffer, id } = await imported(bench, drm)
    await drm.show(id)
    await bench.sleep(3 * PERIOD - 1)
    const loads = bench.of('device-load')
    expect(loads).toHaveLength(24)
    const band = BYTES / 8
    expect(loads.map(({ range }) => range.start)).toEqual(
      [0, 1, 2].flatMap(() => [0, 1, 2, 3, 4, 5, 6, 7].map((index) => index * band)),
    )
    const gaps = loads.slice(1, 8).map(({ time }, index) => time - (loads[index]?.time ?? 0))
    expect(Math.max(...gaps) - Math.min(...gaps)).toBeLessThanOrEqual(1)
    const range = { start: 0, end: BYTES }
    expect(bench.of('job-start', 'job-end')).toMatchObject([
      { kind: 'job-start', access: 'read', device: 'display', buffer: buffer.inode, range },
    ])
    await drm.off()
    expect(bench.of('job-end')).toHaveLength(1)
    await bench.sleep(3 * PERIOD)
    expect(bench.of('device-load')).toHaveLength(24)
  })

  it('takes a flip at the vertical blank: the new job starts before the old one ends', async () => {
    const bench = new Bench(small)
    const drm = new Drm(bench)
    const [a, b] = [await imported(bench, drm), await imported(bench, drm)]
    await bench.fill(b.buffer, pattern(BYTES))
    await drm.show(a.id)
    await bench.sleep(PERIOD / 2)
    await drm.flip({ fb_id: b.id })
    expect((await drm.getCrtc()).fb_id).toBe(b.id)
    await bench.sleep(2 * PERIOD)
    const inodes = bench.shots.map(({ buffer, first }) => [buffer, first])
    expect(inodes).toEqual([
      [a.buffer.inode, true],
      [b.buffer.inode, true],
    ])
    expect(bench.shots[1]?.bytes).toEqual(pattern(BYTES))
    expect(bench.of('job-start', 'job-end').map(({ kind, buffer }) => [kind, buffer])).toEqual([
      ['job-start', a.buffer.inode],
      ['job-start', b.buffer.inode],
      ['job-end', a.buffer.inode],
    ])
  })

  it('changes the picture at the vertical blank when SETCRTC keeps the mode', async () => {
    const bench = new Bench(small)
    const drm = new Drm(bench)
    const [a, b] = [await imported(bench, drm), await imported(bench, drm)]
    await drm.show(a.id)
    const before = bench.machine.scheduler.now
    await drm.show(b.id)
    expect(bench.machine.scheduler.now - before).toBeGreaterThan(PERIOD / 2)
    expect(bench.shots).toHaveLength(1)
    await bench.sleep(PERIOD)
    expect(bench.shots.at(-1)?.buffer).toBe(b.buffer.inode)
  })

  it('starts over when SETCRTC changes the mode', async () => {
    const bench = new Bench(small)
    const drm = new Drm(bench)
    const { id } = await imported(bench, drm)
    await drm.show(id)
    const slow = { ...(await drm.preferred()), vdisplay: 16 }
    await drm.show(id, { mode: slow, y: 8 })
    await bench.sleep(PERIOD)
    expect(bench.shots.map(({ height, first }) => ({ height, first }))).toEqual([
      { height: 16, first: true },
    ])
  })

  it('stops when the framebuffer on screen is removed', async () => {
    const bench = new Bench(small)
    const drm = new Drm(bench)
    const { id } = await imported(bench, drm)
    await drm.show(id)
    await drm.rmFb(id)
    expect(await drm.getCrtc()).toMatchObject({ fb_id: 0, mode_valid: 0 })
    expect(bench.of('job-end')).toHaveLength(1)
  })

  it('keeps a removed framebuffer on screen until the flip that replaces it', async () => {
    const bench = new Bench(small)
    const drm = new Drm(bench)
    const [a, b] = [await imported(bench, drm), await imported(bench, drm)]
    await drm.show(a.id)
    await drm.flip({ fb_id: b.id })
    await drm.rmFb(a.id)
    await drm.close(a.handle)
    expect(bench.of('detach')).toEqual([])
    await bench.sleep(2 * PERIOD)
    expect(bench.of('detach')).toMatchObject([{ buffer: a.buffer.inode }])
    expect((await drm.getCrtc()).fb_id).toBe(b.id)
  })
})
