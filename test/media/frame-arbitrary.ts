import * as fc from 'fast-check'

/** A YU12 image without padding, and its size in pixels. */
export interface SampleFrame {
  readonly width: number
  readonly height: number
  readonly bytes: Uint8Array
}

/** Small images of any content, extremes more often than chance has them. */
export const anyFrame: fc.Arbitrary<SampleFrame> = fc
  .tuple(fc.integer({ min: 8, max: 20 }), fc.integer({ min: 8, max: 14 }))
  .chain(([halfWidth, halfHeight]) => {
    const width = halfWidth * 2
    const height = halfHeight * 2
    const length = (width * height * 3) / 2
    const sample = fc.oneof(
      fc.constantFrom(0, 16, 128, 235, 240, 255),
      fc.integer({ min: 0, max: 255 }),
    )
    return fc
      .array(sample, { minLength: length, maxLength: length, size: 'max' })
      .map((samples) => ({ width, height, bytes: Uint8Array.from(samples) }))
  })
