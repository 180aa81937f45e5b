import { FOURCC_XR24 } from '../../../src/abi/fourcc.ts'
import type { DmaBuf } from '../../../src/kernel/dmabuf/dma-buf.ts'
import type { Bench } from './bench.ts'
import type { Drm } from './drm.ts'

/** A screen small enough to look at every byte, and the time of one picture on it. */
export const W = 64
export const H = 32
export const small = { width: W, height: H }
export const BYTES: number = W * H * 4
export const PERIOD: number = 1e9 / 60

/** Bytes that differ from place to place and from seed to seed. */
export function pattern(size: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length: size }, (_, at) => (at * 7 + (at >> 8) * 13 + seed * 31) & 0xff)
}

/** A framebuffer of the screen's size in XR24. */
export function xr24(drm: Drm, handle: number): Promise<number> {
  return drm.addFb({
    width: W,
    height: H,
    pixel_format: FOURCC_XR24,
    handles: [handle],
    pitches: [W * 4],
  })
}

/** A heap buffer that the screen can show. */
export async function imported(
  bench: Bench,
  drm: Drm,
): Promise<{ buffer: DmaBuf; fd: number; handle: number; id: number }> {
  const buffer = bench.heap.allocate(BYTES)
  const fd = bench.fdOf(buffer)
  const handle = await drm.import(fd)
  return { buffer, fd, handle, id: await xr24(drm, handle) }
}
