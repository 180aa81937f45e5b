/** Pictures in one row, and the difference of two. All are R, G, B, A bytes without padding. */
import type { FrameSize } from './pixel-format.ts'

/** Pixels between two pictures: transparent. */
const GAP = 8
const PIXEL = 4
/** Magenta, which neither video nor test patterns use. */
const WRONG = [255, 0, 255] as const

/** The pictures, which have one size, from left to right with a gap between them. */
export function sideBySide(
  pictures: readonly Uint8Array[],
  { width, height }: FrameSize,
): FrameSize & { readonly pixels: Uint8Array } {
  const total = pictures.length * width + (pictures.length - 1) * GAP
  const pixels = new Uint8Array(total * height * PIXEL)
  for (const [index, picture] of pictures.entries()) {
    for (let row = 0; row < height; row++) {
      const line = picture.subarray(row * width * PIXEL, (row + 1) * width * PIXEL)
      pixels.set(line, (row * total + index * (width + GAP)) * PIXEL)
    }
  }
  return { width: total, height, pixels }
}

/** `right` in dark grey, with a magenta pixel wherever `shown` differs from it. */
export function wrongPixels(shown: Uint8Array, right: Uint8Array): Uint8Array {
  const marked = new Uint8Array(right.length)
  for (let at = 0; at < right.length; at += PIXEL) {
    if (isSameColour(shown, right, at)) marked.fill(dimmed(right, at), at, at + 3)
    else marked.set(WRONG, at)
    marked[at + 3] = 255
  }
  return marked
}

function isSameColour(a: Uint8Array, b: Uint8Array, at: number): boolean {
  return a[at] === b[at] && a[at + 1] === b[at + 1] && a[at + 2] === b[at + 2]
}

/** A quarter of the pixel's brightness (BT.601 luma). */
function dimmed(pixels: Uint8Array, at: number): number {
  const [red = 0, green = 0, blue = 0] = [pixels[at], pixels[at + 1], pixels[at + 2]]
  return (77 * red + 150 * green + 29 * blue) >> 10
}
