import { assert } from './assert.ts'

/** The number of a four-letter format code, first letter lowest, as V4L2 and DRM share it. Never sleeps. */
export function fourcc(code: string): number {
  assert(/^[\x20-\x7e]{4}$/.test(code), `'${code}' is no code of four ASCII letters`)
  const [a, b, c, d] = Array.from(code, (letter) => letter.charCodeAt(0)) as [
    number,
    number,
    number,
    number,
  ]
  return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0
}

/** The letters of a format number; the inverse of `fourcc`. Never sleeps. */
export function fourccText(value: number): string {
  return String.fromCharCode(...[0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff))
}

/** V4L2_PIX_FMT_YUV420 and DRM_FORMAT_YUV420, YU12: planes Y, Cb, Cr, the chroma halved both ways. */
export const FOURCC_YU12: number = fourcc('YU12')
/** V4L2_PIX_FMT_XBGR32 and DRM_FORMAT_XRGB8888, XR24: bytes blue, green, red, unused. */
export const FOURCC_XR24: number = fourcc('XR24')
