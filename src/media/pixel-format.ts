/**
 * The pixel formats that the video devices know, as a table: how many bytes a line and an image take.
 *
 * Names and numbers are V4L2's (include/uapi/linux/videodev2.h); `bytesPerLine` is V4L2's `bytesperline`:
 * the distance between two lines of the first plane, in bytes.
 */

/**
 * `YU12`: planar Y, U, V in 4:2:0. `NV12`: Y, then U and V in turn, 4:2:0. `YUYV`: packed Y, U, Y, V in
 * 4:2:2. `XR24`: B, G, R, X bytes.
 */
export type PixelFormatName = 'YU12' | 'NV12' | 'YUYV' | 'XR24'

/** One row of the table. Widths and heights are in pixels, the rest in bytes. Pure. */
export interface PixelFormat {
  readonly name: PixelFormatName
  /** The number that V4L2 and DRM use, with the first letter in the lowest byte. */
  readonly fourcc: number
  /** The description that ENUM_FMT returns, at most 31 characters. */
  readonly description: string
  /** Width and height must be multiples of this many pixels. */
  readonly sizeStep: 1 | 2
  /** The bytes between two lines must be a multiple of this. */
  readonly pitchStep: 1 | 2
  /** The least number of bytes between two lines of the first plane. */
  bytesPerLine(width: number): number
  /** How many lines of `pitch` bytes the whole image takes, chroma included. */
  rows(height: number): number
  /** The bytes of a whole image; `pitch` is `bytesPerLine(width)` unless given. */
  sizeImage(width: number, height: number, pitch?: number): number
}

/** A picture's width and height in pixels. */
export interface FrameSize {
  readonly width: number
  readonly height: number
}

/** The least width and height, in pixels, that a video device takes. */
export const minFrameSide: number = 16
/** The greatest width and height, in pixels, that a video device takes. */
export const maxFrameSide: number = 8192

/** The number behind a four-letter code: `fourccOf('YU12')` is 0x32315559. */
export function fourccOf(code: string): number {
  let value = 0
  for (let i = 3; i >= 0; i -= 1) value = value * 256 + (code.charCodeAt(i) & 0xff)
  return value
}

const lumaLine = (width: number): number => width
const packedLine = (width: number): number => width * 4
const halfPackedLine = (width: number): number => width * 2
const subsampledRows = (height: number): number => (height * 3) / 2
const packedRows = (height: number): number => height

type Facts = Omit<PixelFormat, 'name' | 'fourcc' | 'sizeImage'>

function format(name: PixelFormatName, facts: Facts): PixelFormat {
  const { bytesPerLine, rows } = facts
  return {
    ...facts,
    name,
    fourcc: fourccOf(name),
    sizeImage: (width, height, pitch = bytesPerLine(width)) => pitch * rows(height),
  }
}

/**
 * The table, by name.
 *
 * `YU12` has its two chroma planes directly behind the luma, each with half the luma's pitch (the kernel's
 * pixfmt-yuv-planar page), so its pitch is even. `NV12` has one chroma plane with the luma's pitch.
 */
export const pixelFormats: Readonly<Record<PixelFormatName, PixelFormat>> = {
  YU12: format('YU12', {
    description: 'Planar YUV 4:2:0',
    sizeStep: 2,
    pitchStep: 2,
    bytesPerLine: lumaLine,
    rows: subsampledRows,
  }),
  NV12: format('NV12', {
    description: 'Y/UV 4:2:0',
    sizeStep: 2,
    pitchStep: 1,
    bytesPerLine: lumaLine,
    rows: subsampledRows,
  }),
  YUYV: format('YUYV', {
    description: 'YUYV 4:2:2',
    sizeStep: 2,
    pitchStep: 1,
    bytesPerLine: halfPackedLine,
    rows: packedRows,
  }),
  XR24: format('XR24', {
    description: '32-bit BGRX 8-8-8-8',
    sizeStep: 1,
    pitchStep: 1,
    bytesPerLine: packedLine,
    rows: packedRows,
  }),
}

/** The format with V4L2's number `fourcc`, or `undefined` when the table has none. */
export function pixelFormatOf(fourcc: number): PixelFormat | undefined {
  return Object.values(pixelFormats).find((known) => known.fourcc === fourcc)
}

/**
 * The size that `format` can have and that is nearest to the requested one, as TRY_FMT and S_FMT answer it: clamped
 * to 16..8192, an odd side of a 4:2:0 picture rounded up (`clamp_align` in v4l2-common.c does the same).
 * Takes any number, also 0, 2^32 - 1 and NaN (which counts as 0); never fails.
 */
export function clampSize(format: PixelFormat, width: number, height: number): FrameSize {
  return { width: clampSide(width, format.sizeStep), height: clampSide(height, format.sizeStep) }
}

function clampSide(side: number, step: number): number {
  const inside = Math.min(Math.max(side, minFrameSide), maxFrameSide)
  return Number.isNaN(inside) ? minFrameSide : Math.ceil(inside / step) * step
}

/** The problem of a size, as a phrase for a message, or `undefined` if `format` can have it. */
export function sizeProblem(
  format: PixelFormat,
  width: number,
  height: number,
): string | undefined {
  return sideProblem(format, 'width', width) ?? sideProblem(format, 'height', height)
}

/** The same for one side alone. */
export function sideProblem(
  format: PixelFormat,
  side: keyof FrameSize,
  value: number,
): string | undefined {
  if (!Number.isInteger(value) || value < minFrameSide || value > maxFrameSide) {
    return `${side} ${value} is not a whole number from ${minFrameSide} to ${maxFrameSide}`
  }
  if (value % format.sizeStep !== 0) {
    return `${side} ${value} is odd, and ${format.name} has one chroma sample for two pixels`
  }
  return undefined
}

/** Throws a RangeError that names the side and the rule when `format` cannot have this size. */
export function checkSize(format: PixelFormat, width: number, height: number): void {
  const problem = sizeProblem(format, width, height)
  if (problem !== undefined) throw new RangeError(`Bad frame size: ${problem}`)
}

/**
 * Throws a RangeError unless `bytes` bytes can hold an image of this size with `pitch` bytes between its
 * lines. Checks the size as `checkSize` does.
 */
export function checkImage(
  format: PixelFormat,
  { width, height }: FrameSize,
  pitch: number,
  bytes: number,
): void {
  checkSize(format, width, height)
  const line = format.bytesPerLine(width)
  if (!Number.isInteger(pitch) || pitch < line || pitch % format.pitchStep !== 0) {
    const even = format.pitchStep === 2 ? 'an even number' : 'a whole number'
    throw new RangeError(
      `Bad pitch ${pitch}: ${format.name} needs ${even} of at least ${line} bytes`,
    )
  }
  const needed = format.sizeImage(width, height, pitch)
  if (bytes < needed) {
    throw new RangeError(
      `Image of ${bytes} bytes is too small: ${format.name} ${width}x${height} at pitch ${pitch} takes ${needed}`,
    )
  }
}
