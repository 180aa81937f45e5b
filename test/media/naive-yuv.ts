/** The conversion formula by the letter, one pixel at a time, for the tests to compare with. */

/** Red, green and blue of one pixel. */
export type Rgb = readonly [red: number, green: number, blue: number]

/** BT.601 limited range, as the docstring of convert.ts states it. */
export function naiveRgb(y: number, u: number, v: number): Rgb {
  const c = y - 16
  const d = u - 128
  const e = v - 128
  return [
    limit(Math.floor((298 * c + 409 * e + 128) / 256)),
    limit(Math.floor((298 * c - 100 * d - 208 * e + 128) / 256)),
    limit(Math.floor((298 * c + 516 * d + 128) / 256)),
  ]
}

/** Pixel (`x`, `y`) of a YU12 image without padding. */
export function naivePixel(
  frame: Uint8Array,
  width: number,
  height: number,
  x: number,
  y: number,
): Rgb {
  const chroma = Math.floor(y / 2) * (width / 2) + Math.floor(x / 2)
  const quarter = (width / 2) * (height / 2)
  return naiveRgb(
    at(frame, y * width + x),
    at(frame, width * height + chroma),
    at(frame, width * height + quarter + chroma),
  )
}

function at(bytes: Uint8Array, index: number): number {
  const value = bytes[index]
  if (value === undefined) throw new Error(`Nothing at ${index}`)
  return value
}

function limit(value: number): number {
  if (value < 0) return 0
  if (value > 255) return 255
  return value
}
