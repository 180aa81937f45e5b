import { convertFrame } from './convert.ts'
import type { FrameSize, PixelFormat } from './pixel-format.ts'
import { lineBytes, planesOf } from './planes.ts'

/** How an image lies in memory: more lines and longer ones than its picture has. */
export interface PaddedLayout {
  /** Lines of the first plane. */
  readonly height: number
  /** Bytes between two lines of the first plane. */
  readonly pitch: number
}

/** The bytes of a whole image; planes follow each other. */
export function paddedSize(format: PixelFormat, { height, pitch }: PaddedLayout): number {
  return planesIn(format, { height, pitch }).reduce((sum, { size }) => sum + size, 0)
}

/**
 * Writes a `YU12` picture without padding into `target` as an image of `format`; padding stays as it is.
 * Errors as convertFrame.
 */
export function writePadded(
  frame: Uint8Array,
  size: FrameSize,
  format: PixelFormat,
  target: Uint8Array,
  layout: PaddedLayout,
): void {
  if (layout.height === size.height) {
    convertFrame(frame, size, format, target, layout.pitch)
    return
  }
  const pitch = format.bytesPerLine(size.width)
  const image = new Uint8Array(format.sizeImage(size.width, size.height))
  convertFrame(frame, size, format, image, pitch)
  let from = 0
  for (const { start, line, stride, rows } of planesIn(format, layout, size)) {
    for (let row = 0; row < rows; row += 1) {
      target.set(image.subarray(from, from + line), start + row * stride)
      from += line
    }
  }
}

interface Plane {
  readonly start: number
  readonly stride: number
  readonly size: number
  /** Of the picture: bytes of a line, and lines. */
  readonly line: number
  readonly rows: number
}

function planesIn(
  { name }: PixelFormat,
  { height, pitch }: PaddedLayout,
  picture: FrameSize = { width: 0, height: 0 },
): Plane[] {
  const [first, ...rest] = planesOf[name]
  let start = 0
  return [first, ...rest].flatMap((info) => {
    if (info === undefined || first === undefined) return []
    // Two pixels: every format has whole bytes for them.
    const stride = (pitch * lineBytes(info, 2)) / lineBytes(first, 2)
    const size = (stride * height) / info.down
    const plane = { start, stride, size }
    start += size
    return [{ ...plane, line: lineBytes(info, picture.width), rows: picture.height / info.down }]
  })
}
