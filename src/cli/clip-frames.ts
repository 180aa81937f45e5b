/**
 * Checks piece by piece whether bytes are those of a clip, so that reading stops early if they are
 * not.
 */
import { pixelFormats } from '../media/pixel-format.ts'
import { Y4mError } from '../media/y4m-error.ts'
import { parseY4mHeader } from '../media/y4m-header.ts'

/** A line of a clip is shorter than this. */
const LONGEST_LINE = 4096
const NEWLINE = 0x0a
const FRAME_WORD = Buffer.from('FRAME')

/** Follows the lines of a clip and skips its pixels. Bytes that pass may still be wrong. */
export class ClipFrames {
  /** Bytes of pixels that come before the next line. */
  #pixels = 0
  #frameSize: number | undefined
  #line = Buffer.alloc(0)

  /** Takes the next piece. False where a line cannot be a clip's. */
  take(piece: Uint8Array): boolean {
    let at = 0
    while (at < piece.length) {
      const skipped = Math.min(this.#pixels, piece.length - at)
      this.#pixels -= skipped
      at += skipped
      if (at === piece.length) return true
      const end = piece.indexOf(NEWLINE, at)
      const stop = end < 0 ? piece.length : end + 1
      this.#line = Buffer.concat([this.#line, piece.subarray(at, stop)])
      at = stop
      if (this.#line.length > LONGEST_LINE) return false
      if (end >= 0 && !this.#takeLine()) return false
    }
    return true
  }

  #takeLine(): boolean {
    const line = this.#line
    this.#line = Buffer.alloc(0)
    if (this.#frameSize === undefined) {
      this.#frameSize = frameSizeOf(line)
      return this.#frameSize !== undefined
    }
    this.#pixels = this.#frameSize
    return line.subarray(0, FRAME_WORD.length).equals(FRAME_WORD)
  }
}

function frameSizeOf(head: Uint8Array): number | undefined {
  try {
    const { header } = parseY4mHeader(new Uint8Array(head))
    return pixelFormats.YU12.sizeImage(header.width, header.height)
  } catch (error) {
    if (error instanceof Y4mError) return undefined
    throw error
  }
}
