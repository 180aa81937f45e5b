import { type FrameSize, pixelFormats, sideProblem } from './pixel-format.ts'
import { Y4mError } from './y4m-error.ts'

/** The kinds of 4:2:0 that Y4M names; they differ only in where the chroma samples lie. */
export type Y4mChroma = '420' | '420jpeg' | '420mpeg2' | '420paldv'

/** Numerator and denominator, both 0 when unknown. */
export interface Y4mRatio {
  readonly numerator: number
  readonly denominator: number
}

/** A Y4M file's first line. Sizes are in pixels. */
export interface Y4mHeader {
  readonly width: number
  readonly height: number
  /** Frames per second. */
  readonly rate: Y4mRatio
  /** Progressive, top or bottom field first, mixed, or unknown. */
  readonly interlacing: 'p' | 't' | 'b' | 'm' | '?'
  /** A pixel's width to its height. */
  readonly aspect: Y4mRatio
  /** The file's C tag; `420` if there is none. */
  readonly chroma: Y4mChroma
}

/** The first letters of every Y4M file. */
export const y4mMagic: string = 'YUV4MPEG2'

/** A line longer than this many bytes is taken for damage; real ones have about 60. */
const longestLine = 4096
const newline = 0x0a
const chromas: readonly Y4mChroma[] = ['420', '420jpeg', '420mpeg2', '420paldv']
const interlacings: readonly Y4mHeader['interlacing'][] = ['p', 't', 'b', 'm', '?']
const unknownRatio: Y4mRatio = { numerator: 0, denominator: 0 }
const restore = 'Copy or download the file again.'
const convert = 'Convert the clip, as with: ffmpeg -i IN -vf scale=640:360 -pix_fmt yuv420p OUT.y4m'

/** A word of the first line without its tag letter, and where the word starts. */
interface Field {
  readonly text: string
  readonly offset: number
}

/**
 * Reads the first line of a Y4M file, as mjpegtools' yuv4mpeg(5) describes it: tags in any order, the last
 * of two with the same letter counts, tags of unknown letters are skipped.
 *
 * Returns the header and the byte after the line. Throws Y4mError alone.
 */
export function parseY4mHeader(bytes: Uint8Array): { header: Y4mHeader; end: number } {
  checkMagic(bytes)
  const end = lineEnd(bytes, 0, 'the header line')
  const fields = fieldsOf(asciiText(bytes, 0, end))
  const width = sizeField(fields, 'width', 'W')
  const height = sizeField(fields, 'height', 'H')
  const chroma = chromaField(fields)
  const rate = ratioField(fields, 'F')
  const aspect = ratioField(fields, 'A')
  const interlacing = interlacingField(fields)
  return { header: { width, height, rate, interlacing, aspect, chroma }, end: end + 1 }
}

/**
 * The offset of the newline that ends the line at `start`; the error names the line as `what`.
 * Throws Y4mError when the bytes end first or the line is absurdly long.
 */
export function lineEnd(bytes: Uint8Array, start: number, what: string): number {
  const found = bytes.subarray(start, start + longestLine).indexOf(newline)
  if (found >= 0) return start + found
  if (bytes.length - start >= longestLine) {
    const long = `${what} has no newline within ${longestLine} bytes`
    throw new Y4mError(start === 0 ? 'malformed-header' : 'malformed-frame', start, long, restore)
  }
  throw new Y4mError('truncated', bytes.length, `the file ends inside ${what}`, restore)
}

/** The bytes `[start, end)` as characters, one each. */
export function asciiText(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(start, end))
}

/** Text from a file as a short quotation that is safe to print. */
export function quoted(text: string): string {
  const shown = JSON.stringify(text.slice(0, 24)).replace(/[^ -~]/g, '?')
  return text.length > 24 ? `${shown}...` : shown
}

function checkMagic(bytes: Uint8Array): void {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    throw new Y4mError('not-y4m', 0, 'this is still gzip', 'Decompress it first, as with gunzip.')
  }
  const start = asciiText(bytes, 0, Math.min(bytes.length, y4mMagic.length))
  if (start === y4mMagic) return
  if (y4mMagic.startsWith(start)) {
    const what = start === '' ? 'the file is empty' : 'the file ends inside the header line'
    throw new Y4mError('truncated', bytes.length, what, restore)
  }
  const what = `the file starts with ${quoted(start)}, not with ${y4mMagic}`
  throw new Y4mError('not-y4m', 0, what, convert)
}

/** The line's tags by letter. */
function fieldsOf(line: string): Map<string, Field> {
  const fields = new Map<string, Field>()
  let offset = 0
  for (const word of line.split(' ')) {
    if (offset === 0 && word !== y4mMagic) {
      const what = `the first word is ${quoted(word)}, not ${y4mMagic}`
      throw new Y4mError('malformed-header', 0, what, restore)
    }
    if (offset > 0 && word !== '') fields.set(word.charAt(0), { text: word.slice(1), offset })
    offset += word.length + 1
  }
  return fields
}

function sizeField(
  fields: ReadonlyMap<string, Field>,
  side: keyof FrameSize,
  letter: 'W' | 'H',
): number {
  const field = fields.get(letter)
  if (field === undefined) {
    const what = `the header line has no ${side} (a word as ${letter}640)`
    throw new Y4mError('malformed-header', 0, what, restore)
  }
  if (!/^\d+$/.test(field.text)) {
    const what = `the ${side} ${quoted(field.text)} is not a number`
    throw new Y4mError('malformed-header', field.offset, what, restore)
  }
  const value = Number(field.text)
  const problem = sideProblem(pixelFormats.YU12, side, value)
  if (problem !== undefined) throw new Y4mError('bad-size', field.offset, problem, convert)
  return value
}

function ratioField(fields: ReadonlyMap<string, Field>, letter: 'F' | 'A'): Y4mRatio {
  const field = fields.get(letter)
  if (field === undefined) return unknownRatio
  const match = /^(\d{1,10}):(\d{1,10})$/.exec(field.text)
  if (match === null) {
    const name = letter === 'F' ? 'frame rate' : 'pixel aspect'
    const what = `the ${name} ${quoted(field.text)} is not two numbers as 25:1`
    throw new Y4mError('malformed-header', field.offset, what, restore)
  }
  return { numerator: Number(match[1]), denominator: Number(match[2]) }
}

function interlacingField(fields: ReadonlyMap<string, Field>): Y4mHeader['interlacing'] {
  const field = fields.get('I')
  if (field === undefined) return '?'
  const known = interlacings.find((letter) => letter === field.text)
  if (known !== undefined) return known
  const what = `the interlacing ${quoted(field.text)} is none of p, t, b, m, ?`
  throw new Y4mError('malformed-header', field.offset, what, restore)
}

function chromaField(fields: ReadonlyMap<string, Field>): Y4mChroma {
  const field = fields.get('C')
  if (field === undefined) return '420'
  const known = chromas.find((chroma) => chroma === field.text)
  if (known !== undefined) return known
  const what = `the chroma ${quoted(`C${field.text}`)} is none of C${chromas.join(', C')}`
  throw new Y4mError('bad-chroma', field.offset, what, convert)
}
