import { fourccText, isFourcc, fourcc as numberOf } from '../abi/fourcc.ts'
import { type PixelFormat, pixelFormats } from '../abi/pixel-formats.ts'
import * as check from '../syscalls/arguments.ts'

export { type PixelFormat, pixelFormats } from '../abi/pixel-formats.ts'

/**
 * The number of a pixel format, as ioctls take it: `fourcc('XR24')` is 0x34325258, DRM_FORMAT_XRGB8888.
 * ERR_INVALID_ARG_VALUE for a text that is not a four-character code.
 */
export function fourcc(format: PixelFormat): number {
  checkFormat('format', format)
  return numberOf(format)
}

/**
 * The four-character code of a format's number, with `-BE` behind it for the big endian variant (bit 31);
 * the inverse of `fourcc`. ERR_OUT_OF_RANGE.
 */
export function formatName(fourcc: number): PixelFormat {
  check.uint32('fourcc', fourcc)
  return fourccText(fourcc)
}

/** A pixel format by its four-character code; for a name of the headers the error gives the code. */
export function checkFormat(name: string, value: unknown): void {
  if (typeof value !== 'string') throw check.wrongType(name, 'of type string', value)
  if (isFourcc(value)) return
  const reason = `must be a four-character code such as 'XR24'${codeHint(value)}`
  throw check.wrongValue(name, reason, value)
}

function codeHint(value: string): string {
  const name = value.toUpperCase().replace(/^(DRM_FORMAT_|V4L2_PIX_FMT_)/, '')
  if (!Object.hasOwn(pixelFormats, name)) return ''
  return ` (${name} is '${pixelFormats[name as keyof typeof pixelFormats]}')`
}
