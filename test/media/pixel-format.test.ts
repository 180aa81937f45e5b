import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  checkImage,
  checkSize,
  clampSize,
  fourccOf,
  pixelFormatOf,
  pixelFormats,
  sizeProblem,
} from '../../src/media/pixel-format.ts'

import { holds } from './holds.ts'

const { YU12, NV12, XR24 } = pixelFormats
const all = Object.values(pixelFormats)

describe('the table of pixel formats', () => {
  it('has the numbers of videodev2.h and drm_fourcc.h', () => {
    expect(YU12.fourcc).toBe(0x32315559)
    expect(NV12.fourcc).toBe(0x3231564e)
    expect(XR24.fourcc).toBe(0x34325258)
    expect(fourccOf('\xff\xff\xff\xff')).toBe(0xffffffff)
  })

  it('is found by number, and has no other number', () => {
    for (const format of all) expect(pixelFormatOf(format.fourcc)).toBe(format)
    expect(pixelFormatOf(0)).toBeUndefined()
  })

  it('tells lines and images in bytes, as vivid does for 640x360', () => {
    expect([YU12.bytesPerLine(640), YU12.rows(360), YU12.sizeImage(640, 360)]).toEqual([
      640, 540, 345600,
    ])
    expect([NV12.bytesPerLine(640), NV12.rows(360), NV12.sizeImage(640, 360)]).toEqual([
      640, 540, 345600,
    ])
    expect([XR24.bytesPerLine(640), XR24.rows(360), XR24.sizeImage(640, 360)]).toEqual([
      2560, 360, 921600,
    ])
    expect(YU12.sizeImage(640, 360, 704)).toBe(704 * 540)
  })

  it('fits in the description field of v4l2_fmtdesc', () => {
    for (const format of all) expect(format.description.length).toBeLessThan(32)
  })
})

describe('sizes', () => {
  it.each([
    [0, 0, 16, 16],
    [-5, 15, 16, 16],
    [17, 641, 18, 642],
    [8191, 8193, 8192, 8192],
    [0xffffffff, Number.NaN, 8192, 16],
    [640, 360, 640, 360],
  ])('clamps %d x %d to %d x %d in YU12', (width, height, toWidth, toHeight) => {
    expect(clampSize(YU12, width, height)).toEqual({ width: toWidth, height: toHeight })
  })

  it('leaves odd sides to a format without subsampling', () => {
    expect(clampSize(XR24, 17, 8191)).toEqual({ width: 17, height: 8191 })
    expect(sizeProblem(XR24, 17, 8191)).toBeUndefined()
  })

  it('clamps to a size that passes the check, and only when it must', () => {
    holds(
      fc.property(fc.constantFrom(...all), fc.double(), fc.integer(), (format, width, height) => {
        const clamped = clampSize(format, width, height)
        checkSize(format, clamped.width, clamped.height)
        if (sizeProblem(format, width, height) === undefined) {
          expect(clamped).toEqual({ width, height })
        }
      }),
    )
  })

  it.each([
    [0, 360, 'width 0 is not a whole number from 16 to 8192'],
    [640, 8194, 'height 8194 is not a whole number from 16 to 8192'],
    [640, 361, 'height 361 is odd, and YU12 has one chroma sample for two pixels'],
    [640.5, 360, 'width 640.5 is not a whole number from 16 to 8192'],
  ])('refuses %d x %d', (width, height, problem) => {
    expect(() => checkSize(YU12, width, height)).toThrow(
      new RangeError(`Bad frame size: ${problem}`),
    )
  })
})

describe('checkImage', () => {
  const size = { width: 32, height: 16 }

  it('takes an image that just fits', () => {
    expect(() => checkImage(YU12, size, 34, 34 * 24)).not.toThrow()
    expect(() => checkImage(NV12, size, 33, 33 * 24)).not.toThrow()
    expect(() => checkImage(XR24, size, 128, 128 * 16)).not.toThrow()
  })

  it('refuses a short pitch, an odd pitch of halved planes and a short array', () => {
    expect(() => checkImage(YU12, size, 30, 9999)).toThrow(
      'Bad pitch 30: YU12 needs an even number',
    )
    expect(() => checkImage(YU12, size, 33, 9999)).toThrow('Bad pitch 33')
    expect(() => checkImage(XR24, size, 127, 9999)).toThrow('at least 128 bytes')
    expect(() => checkImage(XR24, size, 128, 2047)).toThrow('takes 2048')
  })
})
