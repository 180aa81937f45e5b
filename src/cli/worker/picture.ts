/** A shown frame as a PNG file's bytes. */
import { encode } from 'fast-png'
import type { ShownFrame } from '../../drivers/display/shown-frame.ts'
import { toRgba } from '../../drivers/video/convert.ts'
import { pixelFormats } from '../../drivers/video/pixel-format.ts'

/** A third of the default's time for a file a fifth larger. */
const zlib = { level: 3 } as const

/** A copy of its own: the frame's bytes are the display's. */
export function pictureOf(frame: ShownFrame): Uint8Array<ArrayBuffer> {
  const { width, height, pitch } = frame
  const data = toRgba(pixelFormats[frame.format], frame.bytes, frame, pitch)
  return new Uint8Array(encode({ width, height, data, channels: 4, depth: 8 }, { zlib }))
}
