import { describe, expect, it } from 'vitest'
import { toRgba } from '../../src/media/convert.ts'
import { testPattern } from '../../src/media/pattern.ts'
import { pixelFormats } from '../../src/media/pixel-format.ts'
import { patternSource, readFrame, y4mSource } from '../../src/media/source.ts'
import { encodeY4m, parseY4m } from '../../src/media/y4m.ts'

const size = { width: 32, height: 16 }
const pattern = testPattern(size.width, size.height)
const frames = [0, 1, 2].map((index) => pattern.frame(index))
const clip = parseY4m(encodeY4m(size, frames))

describe('a frame source', () => {
  it('repeats a clip for ever, without copying', () => {
    const source = y4mSource(clip)
    expect(source).toMatchObject({ ...size, frameCount: 3 })
    for (const index of [0, 1, 2, 3, 7, 3_000_000_002]) {
      expect(source.frame(index)).toEqual(frames[index % 3])
    }
    expect(source.frame(4).buffer).toBe(clip.frame(1).buffer)
  })

  it('counts from 0', () => {
    for (const source of [y4mSource(clip), patternSource(32, 16)]) {
      expect(() => source.frame(-1)).toThrow(RangeError)
      expect(() => source.frame(0.5)).toThrow(RangeError)
      expect(() => source.frame(Number.NaN)).toThrow(RangeError)
    }
  })

  it('makes the test pattern without an end', () => {
    const source = patternSource(32, 16)
    expect(source).toMatchObject({ ...size, frameCount: Number.POSITIVE_INFINITY })
    expect(source.frame(77)).toEqual(pattern.frame(77))
    expect(() => patternSource(31, 16)).toThrow(RangeError)
  })
})

describe('readFrame', () => {
  it('writes the same picture in every format and at a wider pitch', () => {
    const source = y4mSource(clip)
    const expected = toRgba(pixelFormats.YU12, pattern.frame(1), size)
    for (const format of Object.values(pixelFormats)) {
      const pitch = format.bytesPerLine(size.width) + 64
      const target = new Uint8Array(format.sizeImage(size.width, size.height, pitch))
      readFrame(source, 4, format, target, pitch)
      expect(toRgba(format, target, size, pitch)).toEqual(expected)
    }
  })

  it('refuses a target that is too small before it writes', () => {
    const target = new Uint8Array(2047)
    expect(() => readFrame(y4mSource(clip), 0, pixelFormats.XR24, target, 128)).toThrow(RangeError)
    expect(target.every((byte) => byte === 0)).toBe(true)
  })
})
