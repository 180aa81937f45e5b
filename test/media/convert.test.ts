import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { convertFrame, toRgba, xByte, yu12ToXr24 } from '../../src/media/convert.ts'
import { pixelFormats } from '../../src/media/pixel-format.ts'
import { anyFrame, type SampleFrame } from './frame-arbitrary.ts'
import { holds } from './holds.ts'
import { naivePixel, naiveRgb } from './naive-yuv.ts'

const { YU12, NV12, YUYV, XR24 } = pixelFormats
const untouched = 0x5a

/** XR24 with padding, by the naive formula. */
function naiveXr24({ bytes, width, height }: SampleFrame, pitch: number): Uint8Array {
  const image = new Uint8Array(pitch * height).fill(untouched)
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const [red, green, blue] = naivePixel(bytes, width, height, x, y)
      image.set([blue, green, red, 255], y * pitch + x * 4)
    }
  }
  return image
}

/** A YU12 or NV12 image with padding, sample by sample. */
function naivePadded(frame: SampleFrame, nv12: boolean, pitch: number): Uint8Array {
  const { bytes, width, height } = frame
  const image = new Uint8Array(pitch * height * 1.5).fill(untouched)
  const luma = width * height
  for (let i = 0; i < luma; i += 1) {
    image[Math.floor(i / width) * pitch + (i % width)] = bytes[i] ?? 0
  }
  for (let i = 0; i < luma / 4; i += 1) {
    const y = Math.floor(i / (width / 2))
    const x = i % (width / 2)
    const u = nv12 ? pitch * (height + y) + 2 * x : pitch * height + (pitch / 2) * y + x
    const v = nv12 ? u + 1 : u + (pitch / 2) * (height / 2)
    image[u] = bytes[luma + i] ?? 0
    image[v] = bytes[luma * 1.25 + i] ?? 0
  }
  return image
}

const padding = fc.integer({ min: 0, max: 6 })

describe('YU12 to XR24', () => {
  it('agrees with the formula for every frame and pitch, and leaves the padding alone', () => {
    holds(
      fc.property(anyFrame, padding, (frame, pad) => {
        const pitch = frame.width * 4 + pad
        const target = new Uint8Array(pitch * frame.height).fill(untouched)
        yu12ToXr24(frame.bytes, frame, target, pitch)
        expect(target).toEqual(naiveXr24(frame, pitch))
      }),
      { numRuns: 40 },
    )
  })

  it('agrees with the formula for every luma and a grid of chroma with both ends', () => {
    const grid = Array.from({ length: 16 }, (_, i) => i * 17)
    const size = { width: 256, height: 16 }
    const target = new Uint8Array(XR24.sizeImage(256, 16))
    for (const u of grid) {
      for (const v of grid) {
        yu12ToXr24(flatChroma(u, v), size, target, 1024)
        for (let y = 0; y < 256; y += 5) {
          const [red, green, blue] = naiveRgb(y, u, v)
          expect(target.slice(y * 4, y * 4 + 4)).toEqual(Uint8Array.of(blue, green, red, 255))
        }
      }
    }
  })

  it('gives the known colours, in the byte order B, G, R, X', () => {
    expect(xByte).toBe(255)
    expect(onePixel(235, 128, 128)).toEqual([255, 255, 255, 255])
    expect(onePixel(16, 128, 128)).toEqual([0, 0, 0, 255])
    expect(onePixel(81, 90, 240)).toEqual([0, 0, 255, 255])
    expect(onePixel(41, 240, 110)).toEqual([255, 0, 0, 255])
  })

  it('refuses sizes and arrays that do not fit, and writes nothing then', () => {
    const frame = new Uint8Array(YU12.sizeImage(32, 16))
    const target = new Uint8Array(XR24.sizeImage(32, 16)).fill(untouched)
    const size = { width: 32, height: 16 }
    expect(() => yu12ToXr24(frame.subarray(1), size, target, 128)).toThrow(RangeError)
    expect(() => yu12ToXr24(frame, size, target.subarray(1), 128)).toThrow(RangeError)
    expect(() => yu12ToXr24(frame, size, target, 129)).toThrow(RangeError)
    expect(() => yu12ToXr24(frame, { width: 31, height: 16 }, target, 128)).toThrow(RangeError)
    expect(target.every((byte) => byte === untouched)).toBe(true)
  })

  it('takes well below 5 ms for 640x360', () => {
    const size = { width: 640, height: 360 }
    const frame = new Uint8Array(YU12.sizeImage(640, 360)).map((_, i) => (i * 31) & 0xff)
    const target = new Uint8Array(XR24.sizeImage(640, 360))
    const times = Array.from({ length: 30 }, () => {
      const start = performance.now()
      yu12ToXr24(frame, size, target, 2560)
      return performance.now() - start
    })
    expect(Math.min(...times)).toBeLessThan(5)
  })
})

/** 256x16 pixels in which every line's luma counts up and all chroma is the same. */
function flatChroma(u: number, v: number): Uint8Array {
  const frame = new Uint8Array(YU12.sizeImage(256, 16))
  for (let i = 0; i < 4096; i += 1) frame[i] = i & 0xff
  return frame.fill(u, 4096, 5120).fill(v, 5120)
}

function onePixel(y: number, u: number, v: number): number[] {
  const frame = new Uint8Array(384).fill(y, 0, 256).fill(u, 256, 320).fill(v, 320)
  const target = new Uint8Array(1024)
  yu12ToXr24(frame, { width: 16, height: 16 }, target, 64)
  return [...target.subarray(0, 4)]
}

describe('convertFrame', () => {
  it('copies YU12 and NV12 at any pitch, sample by sample', () => {
    holds(
      fc.property(anyFrame, padding, (frame, pad) => {
        for (const [format, pitch] of [
          [YU12, frame.width + 2 * pad],
          [NV12, frame.width + pad],
        ] as const) {
          const target = new Uint8Array(format.sizeImage(frame.width, frame.height, pitch))
          convertFrame(frame.bytes, frame, format, target.fill(untouched), pitch)
          expect(target).toEqual(naivePadded(frame, format === NV12, pitch))
        }
      }),
      { numRuns: 40 },
    )
  })

  it('copies YUYV at any pitch, with the chroma of a line of 4:2:0 in both of its lines', () => {
    holds(
      fc.property(anyFrame, padding, (frame, pad) => {
        const { bytes, width, height } = frame
        const pitch = width * 2 + pad
        const target = new Uint8Array(pitch * height).fill(untouched)
        convertFrame(bytes, frame, YUYV, target, pitch)
        const expected = new Uint8Array(pitch * height).fill(untouched)
        for (let i = 0; i < width * height; i += 1) {
          const [x, y] = [i % width, Math.floor(i / width)]
          const chroma = Math.floor(y / 2) * (width / 2) + Math.floor(x / 2)
          const plane = x % 2 === 0 ? width * height : width * height * 1.25
          expected[y * pitch + 2 * x] = bytes[i] ?? 0
          expected[y * pitch + 2 * x + 1] = bytes[plane + chroma] ?? 0
        }
        expect(target).toEqual(expected)
      }),
      { numRuns: 20 },
    )
  })

  it('refuses a target that is one byte short, in every format', () => {
    const size = { width: 32, height: 16 }
    const frame = new Uint8Array(YU12.sizeImage(32, 16))
    for (const format of Object.values(pixelFormats)) {
      const target = new Uint8Array(format.sizeImage(32, 16) - 1)
      expect(() => convertFrame(frame, size, format, target, format.bytesPerLine(32))).toThrow(
        'is too small',
      )
    }
  })
})

describe('toRgba', () => {
  it('gives the same picture from every format, at any pitch', () => {
    holds(
      fc.property(anyFrame, padding, (frame, pad) => {
        const expected = naiveXr24(frame, frame.width * 4)
        for (let i = 0; i < expected.length; i += 4) expected.subarray(i, i + 3).reverse()
        expect(toRgba(YU12, frame.bytes, frame)).toEqual(expected)
        for (const format of Object.values(pixelFormats)) {
          const pitch = format.bytesPerLine(frame.width) + 2 * pad
          const image = new Uint8Array(format.sizeImage(frame.width, frame.height, pitch))
          convertFrame(frame.bytes, frame, format, image, pitch)
          expect(toRgba(format, image, frame, pitch)).toEqual(expected)
        }
      }),
      { numRuns: 20 },
    )
  })

  it('makes XR24 opaque whatever its X byte is', () => {
    const image = new Uint8Array(XR24.sizeImage(16, 16)).fill(7)
    expect([...toRgba(XR24, image, { width: 16, height: 16 }).subarray(0, 4)]).toEqual([
      7, 7, 7, 255,
    ])
  })

  it('refuses an image that is too small', () => {
    expect(() => toRgba(XR24, new Uint8Array(9), { width: 16, height: 16 })).toThrow(RangeError)
  })
})
