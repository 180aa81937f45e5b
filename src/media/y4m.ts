/**
 * Y4M (YUV4MPEG2) clips of 8-bit 4:2:0 frames: reading them where they lie, and writing them.
 *
 * The file is one line of text, then for each frame a line that starts with FRAME and the planes Y, U and V
 * without padding, which is exactly a `YU12` image.
 */
import { checkSize, type FrameSize, pixelFormats } from './pixel-format.ts'
import { Y4mError } from './y4m-error.ts'
import {
  asciiText,
  lineEnd,
  parseY4mHeader,
  quoted,
  type Y4mChroma,
  type Y4mHeader,
  type Y4mRatio,
  y4mMagic,
} from './y4m-header.ts'

const frameWord = 'FRAME'
const restore = 'Copy or download the file again.'

/** A parsed clip. It holds the file's bytes, and no copy of them. */
export interface Y4mClip extends Y4mHeader {
  /** At least 1. */
  readonly frameCount: number
  /** The bytes of each frame: `width * height * 3 / 2`. */
  readonly frameSize: number
  /**
   * Frame `index` of `[0, frameCount)` as a `YU12` image without padding: a view on the file's bytes, not
   * a copy. Throws a RangeError for any other index.
   */
  frame(index: number): Uint8Array
}

/**
 * Parses a Y4M file that is already decompressed, and finds every frame in it.
 *
 * Throws Y4mError, and nothing else, for anything but a whole file with at least one frame; reads the
 * lines alone, not the pixels.
 */
export function parseY4m(file: Uint8Array): Y4mClip {
  // A Node Buffer's slice() does not copy. Frames are plain arrays for every kind of input.
  const bytes = new Uint8Array(file.buffer, file.byteOffset, file.length)
  const { header, end } = parseY4mHeader(bytes)
  const frameSize = pixelFormats.YU12.sizeImage(header.width, header.height)
  const starts = frameStarts(bytes, end, frameSize)
  return {
    ...header,
    frameCount: starts.length,
    frameSize,
    frame(index: number): Uint8Array {
      const start = starts[index]
      if (start === undefined) {
        throw new RangeError(`The clip has no frame ${index}: it has ${starts.length}, from 0`)
      }
      return bytes.subarray(start, start + frameSize)
    },
  }
}

/** Where each frame's pixels start. */
function frameStarts(bytes: Uint8Array, first: number, frameSize: number): number[] {
  const starts: number[] = []
  let at = first
  while (at < bytes.length) {
    const start = pixelsAfterLine(bytes, at, starts.length)
    if (bytes.length - start < frameSize) throw cutFrame(bytes.length, at, starts.length, frameSize)
    starts.push(start)
    at = start + frameSize
  }
  if (starts.length > 0) return starts
  const advice = 'The clip is empty: record or convert it again.'
  throw new Y4mError('no-frames', first, 'the file ends after its header, without a frame', advice)
}

/** The byte after the FRAME line at `at`. */
function pixelsAfterLine(bytes: Uint8Array, at: number, index: number): number {
  const word = asciiText(bytes, at, Math.min(at + frameWord.length, bytes.length))
  const after = bytes[at + frameWord.length]
  if (word === frameWord && (after === 0x0a || after === 0x20)) {
    return lineEnd(bytes, at, `the line of frame ${index}`) + 1
  }
  if (after === undefined && frameWord.startsWith(word)) {
    throw cutFrame(bytes.length, at, index, undefined)
  }
  const line = asciiText(bytes, at, Math.min(at + frameWord.length + 1, bytes.length))
  const what = `frame ${index} starts with ${quoted(line)}, not with a ${frameWord} line`
  const advice =
    'The header may name another size than the frames have, or bytes are missing before.'
  throw new Y4mError('malformed-frame', at, what, advice)
}

/** The file ends inside frame `index`, whose line is at `at`. */
function cutFrame(
  length: number,
  at: number,
  index: number,
  frameSize: number | undefined,
): Y4mError {
  const size = frameSize === undefined ? '' : ` of ${frameSize} bytes`
  const what = `the file ends inside frame ${index}${size}, which starts at byte ${at}`
  if (index === 0) return new Y4mError('truncated', length, what, restore)
  const advice = `Copy the file again, or keep its ${index} whole frames: head -c ${at} IN > OUT`
  return new Y4mError('partial-frame', length, what, advice)
}

/** The contents of the first line that `encodeY4m` writes; the rate is 25 frames per second unless given. */
export interface Y4mOptions extends FrameSize {
  readonly rate?: Y4mRatio
  readonly chroma?: Y4mChroma
}

/**
 * A Y4M file of `YU12` frames without padding, as new bytes.
 *
 * Throws a RangeError for a size that `YU12` cannot have or a frame that is not of that size.
 */
export function encodeY4m(options: Y4mOptions, frames: readonly Uint8Array[]): Uint8Array {
  const { width, height, rate = { numerator: 25, denominator: 1 }, chroma = '420jpeg' } = options
  checkSize(pixelFormats.YU12, width, height)
  const frameSize = pixelFormats.YU12.sizeImage(width, height)
  const header = asciiBytes(
    `${y4mMagic} W${width} H${height} F${rate.numerator}:${rate.denominator} Ip A1:1 C${chroma}\n`,
  )
  const line = asciiBytes(`${frameWord}\n`)
  const file = new Uint8Array(header.length + frames.length * (line.length + frameSize))
  file.set(header)
  frames.forEach((frame, index) => {
    if (frame.length !== frameSize) {
      throw new RangeError(`Frame ${index} has ${frame.length} bytes, not ${frameSize}`)
    }
    const at = header.length + index * (line.length + frameSize)
    file.set(line, at)
    file.set(frame, at + line.length)
  })
  return file
}

function asciiBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0))
}
