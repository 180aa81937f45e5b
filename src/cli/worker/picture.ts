/** Shown frames as PNG files. */
import { PNG } from 'pngjs'
import type { ShownFrame } from '../../drivers/display/shown-frame.ts'
import { toRgba } from '../../media/convert.ts'
import { pixelFormats } from '../../media/pixel-format.ts'
import { sideBySide, wrongPixels } from '../../media/side-by-side.ts'

/** No filters, and little compression: a tenth of the default's time for a file a third larger. */
const FAST = { filterType: 0, deflateLevel: 3, deflateStrategy: 0 } as const
/** With an alpha channel, as the pixels come. */
const RGBA = { colorType: 6, inputColorType: 6 } as const

/** The frame as the display showed it. Copies: the frame's bytes are the display's. */
export function pictureOf(frame: ShownFrame): Uint8Array<ArrayBuffer> {
  return pngOf({ ...sizeOf(frame), pixels: pixelsOf(frame, frame.bytes) })
}

/** Side by side: the frame as shown, as a coherent machine would show it, and its wrong pixels. */
export function differenceOf(frame: ShownFrame): Uint8Array<ArrayBuffer> {
  const shown = pixelsOf(frame, frame.bytes)
  const right = pixelsOf(frame, frame.expected())
  return pngOf(sideBySide([shown, right, wrongPixels(shown, right)], sizeOf(frame)))
}

interface Image {
  readonly width: number
  readonly height: number
  /** R, G, B, A bytes without padding. */
  readonly pixels: Uint8Array
}

function sizeOf({ width, height }: ShownFrame): { width: number; height: number } {
  return { width, height }
}

function pixelsOf(frame: ShownFrame, bytes: Uint8Array): Uint8Array {
  return toRgba(pixelFormats[frame.format], bytes, frame, frame.stride)
}

function pngOf({ width, height, pixels }: Image): Uint8Array<ArrayBuffer> {
  const png = new PNG({ width, height })
  png.data = Buffer.from(pixels.buffer, pixels.byteOffset, pixels.length)
  return new Uint8Array(PNG.sync.write(png, { ...FAST, ...RGBA }))
}
