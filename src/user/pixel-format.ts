import { fourccText, fourcc as numberOf } from '../uapi/fourcc.ts'
import { type PixelFormat, pixelFormats } from '../uapi/pixel-formats.ts'

export { type PixelFormat, pixelFormats } from '../uapi/pixel-formats.ts'

/**
 * The number of a pixel format, as ioctls take it: `fourcc('XR24')` is 0x34325258, DRM_FORMAT_XRGB8888.
 * TypeError (ERR_INVALID_ARG_VALUE) for what is not a four-character code.
 */
export function fourcc(format: PixelFormat): number {
  if (typeof format === 'string' && /^[\x20-\x7e]{4}$/.test(format)) return numberOf(format)
  throw Object.assign(new TypeError(notACode(format)), { code: 'ERR_INVALID_ARG_VALUE' })
}

/** The four-character code of a format's number; the inverse of `fourcc`. */
export function formatName(fourcc: number): PixelFormat {
  return fourccText(fourcc)
}

function notACode(format: unknown): string {
  const received = typeof format === 'string' ? `'${format}'` : String(format)
  const name = received.replace(/^'(DRM_FORMAT_|V4L2_PIX_FMT_)?|'$/g, '').toUpperCase()
  const code = Object.hasOwn(pixelFormats, name) && pixelFormats[name as keyof typeof pixelFormats]
  const hint = code === false ? '' : ` (its code is '${code}')`
  return `format must be a four-character code such as 'XR24'. Received ${received}${hint}`
}
