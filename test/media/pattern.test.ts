import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { digitDot } from '../../src/media/digit-font.ts'
import { testPattern } from '../../src/media/pattern.ts'

import { holds } from './holds.ts'

const sides = fc.integer({ min: 8, max: 60 }).map((half) => half * 2)

/** The number in the lower left corner of a picture, read from its dots. */
function readCounter(frame: Uint8Array, width: number, height: number, digits: number): number {
  const dot = Math.max(1, Math.floor(Math.min(width, height) / 48))
  const top = height - 2 * Math.ceil((7 * dot) / 2) + dot
  const lit = (x: number, y: number): boolean =>
    frame[(top + y * dot) * width + dot + x * dot] === 235
  let value = 0
  for (let place = 0; place < digits; place += 1) value = value * 10 + readDigit(lit, place * 4)
  return value
}

function readDigit(lit: (x: number, y: number) => boolean, left: number): number {
  for (let digit = 0; digit < 10; digit += 1) {
    const same = Array.from({ length: 15 }, (_, i) => [i % 3, Math.floor(i / 3)] as const).every(
      ([x, y]) => digitDot(digit, x, y) === lit(left + x, y),
    )
    if (same) return digit
  }
  throw new Error('That is no digit')
}

describe('the test pattern', () => {
  it('is made for any even size, the same every time, in luma and chroma of limited range', () => {
    holds(
      fc.property(sides, sides, fc.maxSafeNat(), (width, height, index) => {
        const frame = testPattern(width, height).frame(index)
        expect(frame.length).toBe((width * height * 3) / 2)
        expect(frame.every((sample) => sample >= 16 && sample <= 240)).toBe(true)
        expect(testPattern(width, height).frame(index)).toEqual(frame)
      }),
    )
  })

  it('shows the number of its frame', () => {
    holds(
      fc.property(fc.nat(999_999), (index) => {
        const frame = testPattern(640, 360).frame(index)
        expect(readCounter(frame, 640, 360, 6)).toBe(index)
      }),
      { numRuns: 30 },
    )
    expect(readCounter(testPattern(16, 16).frame(4567), 16, 16, 3)).toBe(567)
  })

  it('moves its box across the whole picture and back', () => {
    const pattern = testPattern(64, 32)
    const orangeAt = (index: number): number => pattern.frame(index).indexOf(140) % 64
    const lefts = Array.from({ length: 29 }, (_, index) => orangeAt(index))
    expect(lefts[0]).toBe(2)
    expect(Math.max(...lefts)).toBe(58)
    expect(lefts[28]).toBe(2)
  })

  it('stays as it was on every machine', () => {
    const hash = createHash('sha256').update(testPattern(640, 360).frame(123)).digest('hex')
    expect(hash).toMatchInlineSnapshot(
      `"2628c8568d44db0310164715b06938056a72bead737733bb091cab5fb856df80"`,
    )
  })

  it('hands out a new array each time', () => {
    const pattern = testPattern(32, 32)
    const first = pattern.frame(0)
    const copy = first.slice()
    pattern.frame(1).fill(0)
    expect(first).toEqual(copy)
  })

  it('refuses odd and absurd sizes, and numbers that are none', () => {
    expect(() => testPattern(33, 32)).toThrow(RangeError)
    expect(() => testPattern(0, 32)).toThrow(RangeError)
    expect(() => testPattern(32, 10_000)).toThrow(RangeError)
    for (const index of [-1, 0.5, Number.NaN, 2 ** 53]) {
      expect(() => testPattern(32, 32).frame(index)).toThrow(RangeError)
    }
  })
})
