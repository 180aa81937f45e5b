import { assert } from '../base/assert.ts'

/** V4L2 and DRM mark the big endian variant of a format so: v4l2_fourcc_be, DRM_FORMAT_BIG_ENDIAN. */
const BIG_ENDIAN = 0x80000000
/** Four characters, `-BE` for big endian; or a number whose bytes are not characters. */
const CODE = /^(?:([\x20-\x7e]{4})(-BE)?|0x[0-9a-f]{8})$/

/** Whether `text` is a result of `fourccText`. */
export function isFourcc(text: string): boolean {
  return CODE.test(text)
}

/**
 * The number of a format code, first character lowest, as V4L2 and DRM share it: `XR24`, `Y16 -BE` for the
 * big endian variant, or the number itself as `0x` and eight digits.
 */
export function fourcc(code: string): number {
  const [, letters, bigEndian] = CODE.exec(code) ?? []
  assert(isFourcc(code), `'${code}' is not a format code of four ASCII characters`)
  if (letters === undefined) return Number(code)
  const number = Array.from(letters).reduce(
    (sum, letter, i) => sum + letter.charCodeAt(0) * 2 ** (8 * i),
    0,
  )
  return number + (bigEndian === undefined ? 0 : BIG_ENDIAN)
}

/** The text of a format number, a different one for each; the inverse of `fourcc`. */
export function fourccText(value: number): string {
  const letters = String.fromCharCode(...[0, 8, 16, 24].map((shift) => (value >>> shift) & 0x7f))
  const text = value >= BIG_ENDIAN ? `${letters}-BE` : letters
  return isFourcc(text) && fourcc(text) === value
    ? text
    : `0x${value.toString(16).padStart(8, '0')}`
}

/** V4L2_PIX_FMT_YUV420 and DRM_FORMAT_YUV420, YU12: planes Y, Cb, Cr, the chroma halved both ways. */
export const FOURCC_YU12: number = fourcc('YU12')
/** V4L2_PIX_FMT_XBGR32 and DRM_FORMAT_XRGB8888, XR24: bytes blue, green, red, unused. */
export const FOURCC_XR24: number = fourcc('XR24')
