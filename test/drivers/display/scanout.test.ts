import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FOURCC_XR24, FOURCC_YU12, fourcc } from '../../../src/uapi/fourcc.ts'
import { Bench } from './bench.ts'
import { Drm } from './drm.ts'

const W = 64
const H = 32
const PERIOD = 1e9 / 60
const small = { width: W, height: H }

/** Bytes that differ from place to place. */
function pattern(size: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length: size }, (_, at) => (at * 7 + (at >> 8) * 13 + seed * 31) & 0xff)
}

/** A heap buffer on screen as XR24, with its handle and framebuffer. */
async function shown(
  bench: Bench,
  drm: Drm,
): Promise<{ buffer: import('../../../src/dmabuf/dma-buf.ts').DmaBuf; id: number }> {
  const buffer = bench.heap.allocate(W * H * 4)
  const handle = await drm.import(bench.fdOf(buffer))
  const id = await xr24(drm, handle)
  return { buffer, id }
}

function xr24(drm: Drm, handle: number): Promise<number> {
  return drm.addFb({
    width: W,
    height: H,
    pixel_format: FOURCC_XR24,
    handles: [handle],
    pitches: [W * 4],
  })
}

describe('the picture on the screen', () => {
  it('is what the CPU stored in a bracket', async () => {
    const bench = new Bench(small)
    const drm = new Drm(bench)
    const { buffer, id } = await shown(bench, drm)
    const picture = pattern(W * H * 4)
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
    const { buffer, id } = await shown(bench, drm)
    await drm.show(id)
    const picture = pattern(W * H * 4)
    bench.map(buffer).store(0, picture)
    await bench.sleep(PERIOD)
    expect(bench.shots.at(-1)?.bytes).toEqual(new Uint8Array(W * H * 4))
    const loads = bench.of('device-load')
    expect(loads.flatMap(({ hazards }) => hazards.map(({ kind }) => kind))).toContain(
      'memory-behind',
    )
    await bench.core.endCpuAccess(buffer, 'write')
    await bench.sleep(PERIOD)
    expect(bench.shots.at(-1)?.bytes).toEqual(picture)
  })
})
