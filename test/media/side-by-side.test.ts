import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sideBySide, wrongPixels } from '../../src/media/side-by-side.ts'

const size = { width: 3, height: 2 }
const picture = fc.uint8Array({ minLength: 24, maxLength: 24 })

describe('pictures side by side', () => {
  it('keep each pixel, with a transparent gap between them', () => {
    fc.assert(
      fc.property(fc.array(picture, { minLength: 1, maxLength: 3 }), (pictures) => {
        const { width, height, pixels } = sideBySide(pictures, size)
        expect([width, height]).toEqual([pictures.length * 11 - 8, 2])
        for (let y = 0; y < height; y++) {
          for (let x = 0; x < width; x++) {
            const [index, column] = [Math.floor(x / 11), x % 11]
            const from = (y * 3 + column) * 4
            const wanted =
              column < 3 ? [...(pictures[index] ?? []).slice(from, from + 4)] : [0, 0, 0, 0]
            expect([...pixels.slice((y * width + x) * 4, (y * width + x) * 4 + 4)]).toEqual(wanted)
          }
        }
      }),
      { numRuns: 50 },
    )
  })
})

describe('wrong pixels', () => {
  it('are magenta where a colour differs, and grey elsewhere', () => {
    fc.assert(
      fc.property(picture, fc.nat(23), fc.nat(255), (right, at, byte) => {
        const shown = right.slice()
        shown[at] = byte
        const marked = wrongPixels(shown, right)
        for (let pixel = 0; pixel < 24; pixel += 4) {
          const isWrong = at % 4 < 3 && byte !== right[at] && pixel === at - (at % 4)
          const [red = 0, green = 0, blue = 0, alpha] = marked.slice(pixel, pixel + 4)
          expect(alpha).toBe(255)
          if (isWrong) expect([red, green, blue]).toEqual([255, 0, 255])
          else {
            expect(new Set([red, green, blue]).size).toBe(1)
            expect(red).toBeLessThanOrEqual(63)
          }
        }
      }),
      { numRuns: 100 },
    )
  })
})
