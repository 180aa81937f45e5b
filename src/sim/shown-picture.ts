import type { ShownFrame } from '../drivers/display/shown-frame.ts'
import { toRgba as convert } from '../media/convert.ts'
import { pixelFormats } from '../media/pixel-format.ts'

/**
 * The picture of a frame that the display has scanned out, as bytes R, G, B, A without padding:
 * `new ImageData(new Uint8ClampedArray(toRgba(frame)), frame.width)` in a browser, and the input of
 * PNG encoders. A copy, which stays valid after the callback.
 */
export function toRgba(
  frame: Pick<ShownFrame, 'format' | 'width' | 'height' | 'stride' | 'bytes'>,
): Uint8Array {
  return convert(pixelFormats[frame.format], frame.bytes, frame, frame.stride)
}
