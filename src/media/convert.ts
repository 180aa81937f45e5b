/**
 * Conversions between pixel formats, by integers alone, so that every machine gives the same bytes.
 *
 * The one formula is BT.601 limited range in 8-bit fixed point (Microsoft's "Recommended 8-Bit YUV
 * Formats", which V4L2's V4L2_YCBCR_ENC_601 with V4L2_QUANTIZATION_LIM_RANGE describes):
 *
 *     C = Y - 16    D = U - 128    E = V - 128
 *     R = clip((298 C         + 409 E + 128) >> 8)
 *     G = clip((298 C - 100 D - 208 E + 128) >> 8)
 *     B = clip((298 C + 516 D         + 128) >> 8)
 *
 * where `>>` rounds down and `clip` limits to 0..255. The four pixels of a 2x2 square take its one
 * chroma sample (nearest sample). The sitings that Y4M distinguishes (420jpeg between the pixels, mpeg2 and
 * paldv on the left) move colour by at most half a pixel and are not interpolated.
 */
import { checkImage, type FrameSize, type PixelFormat, pixelFormats } from './pixel-format.ts'
import { type YuvPlanes, yuvPlanes } from './yuv-planes.ts'

/** The X byte that `XR24` images get: 255, so that a reader who takes it for alpha sees the picture. */
export const xByte: number = 255

const { YU12, XR24 } = pixelFormats

/** A place for 32-bit pixels: which of a pixel's bytes is red, which blue; green is 1, the rest 3. */
interface PackedTarget {
  readonly bytes: Uint8Array
  readonly pitch: number
  readonly red: 0 | 2
  readonly blue: 0 | 2
}

/**
 * Converts a `YU12` image without padding into `XR24` (in memory B, G, R, X with X = 255).
 *
 * `target` takes `height` lines, `pitch` bytes apart; bytes between two lines stay as they are. Throws a
 * RangeError when the size is not one `YU12` can have or an array is too small.
 */
export function yu12ToXr24(
  frame: Uint8Array,
  size: FrameSize,
  target: Uint8Array,
  pitch: number,
): void {
  checkImage(YU12, size, size.width, frame.length)
  checkImage(XR24, size, pitch, target.length)
  const planes = yuvPlanes('YU12', size.height, size.width)
  yuvToPacked(frame, planes, size, { bytes: target, pitch, red: 2, blue: 0 })
}

/**
 * Copies a `YU12` image without padding into an image of `format` with `pitch` bytes between its
 * lines.
 *
 * Padding stays as it is. Throws a RangeError if size, pitch or an array's length do not fit.
 */
export function convertFrame(
  frame: Uint8Array,
  size: FrameSize,
  format: PixelFormat,
  target: Uint8Array,
  pitch: number,
): void {
  if (format.name === 'XR24') {
    yu12ToXr24(frame, size, target, pitch)
    return
  }
  checkImage(YU12, size, size.width, frame.length)
  checkImage(format, size, pitch, target.length)
  if (format.name === 'YUYV') {
    yu12ToYuyv(frame, size, target, pitch)
    return
  }
  copyYu12(frame, size, target, yuvPlanes(format.name, size.height, pitch))
}

/**
 * An image of any format as R, G, B, A bytes (A = 255) without padding, the input of PNG encoders.
 *
 * `pitch` is the source's; without it the source has no padding. Returns a new array of
 * `width * height * 4` bytes. Throws a RangeError when size, pitch or the image's length do not fit.
 */
export function toRgba(
  format: PixelFormat,
  image: Uint8Array,
  size: FrameSize,
  pitch: number = format.bytesPerLine(size.width),
): Uint8Array {
  checkImage(format, size, pitch, image.length)
  const bytes = new Uint8Array(size.width * size.height * 4)
  if (format.name === 'XR24') {
    xr24ToRgba(image, size, pitch, bytes)
  } else if (format.name === 'YUYV') {
    yuyvToRgba(image, size, pitch, bytes)
  } else {
    const planes = yuvPlanes(format.name, size.height, pitch)
    yuvToPacked(image, planes, size, { bytes, pitch: size.width * 4, red: 0, blue: 2 })
  }
  return bytes
}

function xr24ToRgba(image: Uint8Array, size: FrameSize, pitch: number, rgba: Uint8Array): void {
  let to = 0
  for (let y = 0; y < size.height; y += 1) {
    const end = y * pitch + size.width * 4
    for (let from = y * pitch; from < end; from += 4) {
      rgba[to] = image[from + 2] as number
      rgba[to + 1] = image[from + 1] as number
      rgba[to + 2] = image[from] as number
      rgba[to + 3] = 255
      to += 4
    }
  }
}

/** The chroma of a 4:2:0 line serves both lines that share it. */
function yu12ToYuyv(frame: Uint8Array, size: FrameSize, target: Uint8Array, pitch: number): void {
  const { u, v, chromaPitch } = yuvPlanes('YU12', size.height, size.width)
  for (let y = 0; y < size.height; y += 1) {
    const chroma = (y >> 1) * chromaPitch
    const luma = y * size.width
    for (let x = 0; x < size.width; x += 2) {
      const to = y * pitch + x * 2
      target[to] = frame[luma + x] as number
      target[to + 1] = frame[u + chroma + x / 2] as number
      target[to + 2] = frame[luma + x + 1] as number
      target[to + 3] = frame[v + chroma + x / 2] as number
    }
  }
}

/** Line by line, as a planar image whose planes are one and the same line. */
function yuyvToRgba(image: Uint8Array, size: FrameSize, pitch: number, rgba: Uint8Array): void {
  const { width } = size
  const line = new Uint8Array(width * 2)
  const planes: YuvPlanes = {
    lumaPitch: width,
    u: width,
    v: (width * 3) / 2,
    chromaPitch: 0,
    chromaStep: 1,
  }
  for (let y = 0; y < size.height; y += 1) {
    for (let x = 0; x < width; x += 2) {
      const from = y * pitch + x * 2
      line[x] = image[from] as number
      line[x + 1] = image[from + 2] as number
      line[planes.u + x / 2] = image[from + 1] as number
      line[planes.v + x / 2] = image[from + 3] as number
    }
    const bytes = rgba.subarray(y * width * 4, (y + 1) * width * 4)
    packLine(line, planes, width, 0, { bytes, pitch: 0, red: 0, blue: 2 })
  }
}

function yuvToPacked(
  image: Uint8Array,
  planes: YuvPlanes,
  size: FrameSize,
  target: PackedTarget,
): void {
  for (let y = 0; y < size.height; y += 1) packLine(image, planes, size.width, y, target)
}

/** One line: the chroma's share of the formula is worked out once for the two pixels that have it. */
function packLine(
  image: Uint8Array,
  planes: YuvPlanes,
  width: number,
  y: number,
  target: PackedTarget,
): void {
  const { bytes, red, blue } = target
  const step = planes.chromaStep
  const chromaLine = (y >> 1) * planes.chromaPitch
  let u = planes.u + chromaLine
  let v = planes.v + chromaLine
  let luma = y * planes.lumaPitch
  let to = y * target.pitch
  for (let x = 0; x < width; x += 2) {
    const d = (image[u] as number) - 128
    const e = (image[v] as number) - 128
    const r = 409 * e + 128
    const g = -100 * d - 208 * e + 128
    const b = 516 * d + 128
    for (let i = 0; i < 2; i += 1) {
      const c = 298 * ((image[luma] as number) - 16)
      bytes[to + red] = clip((c + r) >> 8)
      bytes[to + 1] = clip((c + g) >> 8)
      bytes[to + blue] = clip((c + b) >> 8)
      bytes[to + 3] = xByte
      luma += 1
      to += 4
    }
    u += step
    v += step
  }
}

function clip(value: number): number {
  return Math.min(Math.max(value, 0), 255)
}

function copyYu12(frame: Uint8Array, size: FrameSize, target: Uint8Array, to: YuvPlanes): void {
  const from = yuvPlanes('YU12', size.height, size.width)
  for (let y = 0; y < size.height; y += 1) {
    target.set(frame.subarray(y * size.width, (y + 1) * size.width), y * to.lumaPitch)
  }
  for (let y = 0; y < size.height / 2; y += 1) {
    copyChromaLine(frame, from.u + y * from.chromaPitch, size.width / 2, target, {
      at: to.u + y * to.chromaPitch,
      step: to.chromaStep,
    })
    copyChromaLine(frame, from.v + y * from.chromaPitch, size.width / 2, target, {
      at: to.v + y * to.chromaPitch,
      step: to.chromaStep,
    })
  }
}

function copyChromaLine(
  frame: Uint8Array,
  from: number,
  samples: number,
  target: Uint8Array,
  to: { readonly at: number; readonly step: number },
): void {
  if (to.step === 1) {
    target.set(frame.subarray(from, from + samples), to.at)
    return
  }
  for (let i = 0; i < samples; i += 1) target[to.at + i * to.step] = frame[from + i] as number
}
