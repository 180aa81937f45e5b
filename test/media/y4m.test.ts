import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeY4m, parseY4m } from '../../src/media/y4m.ts'
import { Y4mError, type Y4mProblem } from '../../src/media/y4m-error.ts'
import type { Y4mChroma } from '../../src/media/y4m-header.ts'

import { holds } from './holds.ts'

const frameSize = (16 * 16 * 3) / 2
const one = new Uint8Array(frameSize).fill(1)
const two = new Uint8Array(frameSize).fill(2)
const size = { width: 16, height: 16 }
const clip = encodeY4m(size, [one, two])
const headerLength = clip.indexOf(0x0a) + 1

/** A file with this text in front of `frames` frames. */
function file(text: string, ...frames: Uint8Array[]): Uint8Array {
  return Buffer.concat([Buffer.from(text, 'latin1'), ...frames])
}

/** The error of a file that must not parse. */
function errorOf(bytes: Uint8Array): Y4mError {
  try {
    parseY4m(bytes)
  } catch (error) {
    if (error instanceof Y4mError) return error
    throw error
  }
  throw new Error('It parsed')
}

describe('a Y4M clip', () => {
  it('reads the frames that vivid captured', () => {
    const media = new URL('../../media/vivid-640x360.y4m.gz', import.meta.url)
    const vivid = parseY4m(gunzipSync(readFileSync(media)))
    expect(vivid).toMatchObject({
      width: 640,
      height: 360,
      frameCount: 24,
      frameSize: 345600,
      rate: { numerator: 25, denominator: 1 },
      aspect: { numerator: 1, denominator: 1 },
      interlacing: 'p',
      chroma: '420jpeg',
    })
    expect(vivid.frame(0).length).toBe(345600)
    expect(vivid.frame(23)).not.toEqual(vivid.frame(0))
  })

  it('gives back what was encoded', () => {
    holds(
      fc.property(
        fc.array(fc.uint8Array({ minLength: frameSize, maxLength: frameSize, size: 'max' }), {
          minLength: 1,
          maxLength: 4,
        }),
        fc.constantFrom<Y4mChroma>('420', '420jpeg', '420mpeg2', '420paldv'),
        fc.nat(),
        (frames, chroma, numerator) => {
          const rate = { numerator, denominator: 1001 }
          const parsed = parseY4m(encodeY4m({ ...size, rate, chroma }, frames))
          expect(parsed).toMatchObject({ ...size, rate, chroma, frameCount: frames.length })
          frames.forEach((frame, index) => {
            expect(parsed.frame(index)).toEqual(frame)
          })
        },
      ),
      { numRuns: 30 },
    )
  })

  it('hands out views on the file, not copies', () => {
    const bytes = clip.slice()
    const frame = parseY4m(bytes).frame(1)
    expect(frame.buffer).toBe(bytes.buffer)
    bytes[bytes.length - 1] = 99
    expect(frame[frameSize - 1]).toBe(99)
  })

  it('works inside a larger buffer', () => {
    const around = new Uint8Array(clip.length + 20)
    around.set(clip, 7)
    expect(parseY4m(around.subarray(7, 7 + clip.length)).frame(0)).toEqual(one)
  })

  it('refuses a frame number outside the clip', () => {
    for (const index of [-1, 2, 0.5, Number.NaN]) {
      expect(() => parseY4m(clip).frame(index)).toThrow(RangeError)
    }
  })

  it('takes tags in any order, unknown tags, no chroma, and FRAME lines with parameters', () => {
    const parsed = parseY4m(
      file('YUV4MPEG2 H16  Xnote=a W32 Qq W16\nFRAME Ippp Xw\n', one, Buffer.from('FRAME\n'), two),
    )
    expect(parsed).toMatchObject({ ...size, chroma: '420', interlacing: '?', frameCount: 2 })
    expect(parsed.rate).toEqual({ numerator: 0, denominator: 0 })
    expect(parsed.frame(1)).toEqual(two)
  })
})

describe('a damaged Y4M file', () => {
  const cases: readonly (readonly [string, Uint8Array, Y4mProblem, number, RegExp])[] = [
    ['nothing', file(''), 'truncated', 0, /the file is empty/],
    ['half a magic word', file('YUV4'), 'truncated', 4, /ends inside the header line/],
    ['half a header', file('YUV4MPEG2 W16'), 'truncated', 13, /ends inside the header line/],
    ['gzip', Uint8Array.of(0x1f, 0x8b, 8), 'not-y4m', 0, /still gzip.*gunzip/],
    ['another format', file('RIFF....AVI LIST'), 'not-y4m', 0, /starts with "RIFF.*Convert/],
    ['another magic', file('YUV4MPEG22 W16 H16\n'), 'malformed-header', 0, /"YUV4MPEG22"/],
    ['an endless line', file(`YUV4MPEG2 ${'x'.repeat(5000)}`), 'malformed-header', 0, /4096/],
    ['no width', file('YUV4MPEG2 H16\n'), 'malformed-header', 0, /no width/],
    ['no height', file('YUV4MPEG2 W16\n'), 'malformed-header', 0, /no height/],
    ['a word for a width', file('YUV4MPEG2 Wide H16\n'), 'malformed-header', 10, /"ide"/],
    ['a negative height', file('YUV4MPEG2 W16 H-16\n'), 'malformed-header', 14, /"-16"/],
    ['zero width', file('YUV4MPEG2 W0 H16\n'), 'bad-size', 10, /width 0 .*16 to 8192.*scale/],
    ['odd height', file('YUV4MPEG2 W16 H17\n'), 'bad-size', 14, /height 17 is odd/],
    ['huge width', file(`YUV4MPEG2 W${'9'.repeat(400)} H16\n`), 'bad-size', 10, /Infinity/],
    ['bad rate', file('YUV4MPEG2 W16 H16 F25\n'), 'malformed-header', 18, /frame rate "25"/],
    ['bad aspect', file('YUV4MPEG2 W16 H16 A1/1\n'), 'malformed-header', 18, /pixel aspect/],
    ['bad interlacing', file('YUV4MPEG2 W16 H16 Ix\n'), 'malformed-header', 18, /interlacing "x"/],
    ['4:4:4', file('YUV4MPEG2 W16 H16 C444\n'), 'bad-chroma', 18, /"C444".*yuv420p/],
    ['10 bits', file('YUV4MPEG2 W16 H16 C420p10\n'), 'bad-chroma', 18, /"C420p10"/],
    ['no frames', clip.subarray(0, headerLength), 'no-frames', headerLength, /without a frame/],
    ['half a first frame', clip.subarray(0, 200), 'truncated', 200, /frame 0 of 384 bytes/],
    [
      'half a second frame',
      clip.subarray(0, -1),
      'partial-frame',
      clip.length - 1,
      new RegExp(`inside frame 1 .*keep its 1 whole frames: head -c ${headerLength + 390} `),
    ],
    [
      'half a FRAME word',
      clip.subarray(0, headerLength + 393),
      'partial-frame',
      headerLength + 393,
      /inside frame 1, which starts/,
    ],
    [
      'an endless FRAME line',
      file(`YUV4MPEG2 W16 H16\nFRAME ${'x'.repeat(5000)}`),
      'malformed-frame',
      18,
      /the line of frame 0 has no newline/,
    ],
    [
      'a cut FRAME line',
      file('YUV4MPEG2 W16 H16\nFRAME Ip'),
      'truncated',
      26,
      /ends inside the line of frame 0/,
    ],
    [
      'bytes after the last frame',
      file('', clip, Buffer.from('\u0000\u001b[31m')),
      'malformed-frame',
      clip.length,
      /frame 2 starts with "\\u0000\\u001b\[31m"/,
    ],
    ['FRAMES', file('YUV4MPEG2 W16 H16\nFRAMES\n'), 'malformed-frame', 18, /"FRAMES"/],
  ]

  it.each(cases)('is refused: %s', (_name, bytes, problem, offset, message) => {
    const error = errorOf(bytes)
    expect(error.problem).toBe(problem)
    expect(error.offset).toBe(offset)
    expect(error.message).toMatch(message)
    expect(error.message).toContain(`(byte ${offset})`)
    expect(error.name).toBe('Y4mError')
  })

  it('is a clip or a Y4mError, however it was cut and changed', () => {
    const change = fc.record({ at: fc.nat(clip.length - 1), value: fc.nat(255) })
    const early = fc.record({ at: fc.nat(headerLength + 8), value: fc.nat(255) })
    holds(
      fc.property(fc.nat(clip.length), fc.array(fc.oneof(early, change)), (length, changes) => {
        const bytes = clip.slice()
        for (const { at, value } of changes) bytes[at] = value
        parsesOrSaysWhy(bytes)
        parsesOrSaysWhy(bytes.subarray(0, length))
      }),
      { numRuns: 2000 },
    )
  })

  it('is a clip or a Y4mError for any words in the first line', () => {
    const word = fc.oneof(
      fc.constantFrom('W16', 'H16', 'C420', 'F25:1', 'Ip', '', 'W', 'C', 'F:', 'FRAME'),
      fc.string({ unit: 'binary', maxLength: 8 }),
    )
    holds(
      fc.property(fc.array(word), (words) => {
        parsesOrSaysWhy(file(`YUV4MPEG2 ${words.join(' ')}\nFRAME\n`, one))
      }),
      { numRuns: 2000 },
    )
  })

  it('is refused at every length but those of whole clips', () => {
    const whole = new Set([headerLength + 6 + frameSize, clip.length])
    for (let length = 0; length <= clip.length; length += 1) {
      const bytes = clip.subarray(0, length)
      if (whole.has(length)) parseY4m(bytes)
      else errorOf(bytes)
    }
  })
})

/** Fails on any error but the declared one, and on frames that are not all there. */
function parsesOrSaysWhy(bytes: Uint8Array): void {
  try {
    const parsed = parseY4m(bytes)
    for (let i = 0; i < parsed.frameCount; i += 1) {
      expect(parsed.frame(i).length).toBe(parsed.frameSize)
    }
  } catch (error) {
    expect(error).toBeInstanceOf(Y4mError)
    expect(error).toMatchObject({ message: expect.stringMatching(/^[ -~]+$/) })
  }
}

describe('encodeY4m', () => {
  it('refuses sizes and frames that do not fit', () => {
    expect(() => encodeY4m({ width: 17, height: 16 }, [])).toThrow(RangeError)
    expect(() => encodeY4m(size, [one, one.subarray(1)])).toThrow('Frame 1 has 383 bytes, not 384')
  })
})
