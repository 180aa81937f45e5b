/**
 * The built-in test pattern: eight colour bars, a box that moves over them and the frame's number.
 *
 * Each frame depends on its number and the size alone, by integers, so that it is the same everywhere,
 * and a picture shows its frame number. Frames are `YU12` images without padding.
 */
import { digitDot, digitHeight, digitWidth } from './digit-font.ts'
import { checkSize, type FrameSize, pixelFormats } from './pixel-format.ts'
import { yuvPlanes } from './yuv-planes.ts'

/** Y, U and V of one colour, BT.601 limited range. */
type Colour = readonly [y: number, u: number, v: number]

const white: Colour = [235, 128, 128]
const black: Colour = [16, 128, 128]
const orange: Colour = [140, 58, 192]

/** White, yellow, cyan, green, magenta, red, blue, black. */
const bars: readonly Colour[] = [
  white,
  [210, 16, 146],
  [170, 166, 16],
  [145, 54, 34],
  [106, 202, 222],
  [81, 90, 240],
  [41, 240, 110],
  black,
]

/** How far the box moves from frame to frame, in pixels. */
const boxStep = 4
const mostDigits = 6

/** Half open, in pixels; all four sides even, so that chroma and luma end together. */
interface Box {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

/** A pattern of one size: hand it a frame's number and get its picture. */
export interface Pattern extends FrameSize {
  /**
   * Frame `index` as a new array of `width * height * 3 / 2` bytes. Throws a RangeError unless `index` is
   * a whole number from 0 up to 2^53 - 1.
   */
  frame(index: number): Uint8Array
}

/**
 * The pattern for `width` x `height` pixels. Throws a RangeError unless both are even and 16..8192.
 */
export function testPattern(width: number, height: number): Pattern {
  checkSize(pixelFormats.YU12, width, height)
  const size = { width, height }
  let background: Uint8Array | undefined
  return {
    ...size,
    frame(index: number): Uint8Array {
      if (!Number.isSafeInteger(index) || index < 0) {
        throw new RangeError(`Bad frame number ${index}: it counts from 0`)
      }
      background ??= drawBars(size)
      const image = background.slice()
      drawBox(image, size, index)
      drawCounter(image, size, index)
      return image
    },
  }
}

/** The bounds between the bars fall on even pixels. */
function drawBars(size: FrameSize): Uint8Array {
  const image = new Uint8Array(pixelFormats.YU12.sizeImage(size.width, size.height))
  const bound = (bar: number): number => 2 * Math.floor((bar * size.width) / (2 * bars.length))
  bars.forEach((colour, bar) => {
    fillBox(
      image,
      size,
      { left: bound(bar), top: 0, right: bound(bar + 1), bottom: size.height },
      colour,
    )
  })
  return image
}

/** A box with a black rim, a quarter of the shorter side, that is thrown back at the picture's edges. */
function drawBox(image: Uint8Array, size: FrameSize, index: number): void {
  const side = even(Math.min(size.width, size.height) / 4)
  const rim = even(side / 8)
  const left = bounced(index, size.width - side)
  const top = bounced(index, size.height - side)
  const box = { left, top, right: left + side, bottom: top + side }
  fillBox(image, size, box, black)
  fillBox(
    image,
    size,
    {
      left: box.left + rim,
      top: box.top + rim,
      right: box.right - rim,
      bottom: box.bottom - rim,
    },
    orange,
  )
}

/** A place in `[0, range]` that goes up and down by `boxStep` for each frame. */
function bounced(index: number, range: number): number {
  const period = 2 * range
  const way = ((index % period) * boxStep) % period
  return way <= range ? way : period - way
}

/** The frame's number, white on black, in the lower left corner; as many digits as there is room for. */
function drawCounter(image: Uint8Array, size: FrameSize, index: number): void {
  const dot = Math.max(1, Math.floor(Math.min(size.width, size.height) / 48))
  const advance = (digitWidth + 1) * dot
  const digits = Math.min(mostDigits, Math.floor((size.width - dot - 1) / advance))
  const plateHeight = roundedUp((digitHeight + 2) * dot)
  const top = size.height - plateHeight
  const right = roundedUp(digits * advance + dot)
  fillBox(image, size, { left: 0, top, right, bottom: size.height }, black)
  let rest = index
  for (let place = digits - 1; place >= 0; place -= 1) {
    drawDigit(image, size.width, rest % 10, dot, dot + place * advance, top + dot)
    rest = Math.floor(rest / 10)
  }
}

/** Luma alone: white and black have the same chroma. */
function drawDigit(
  image: Uint8Array,
  pitch: number,
  digit: number,
  dot: number,
  left: number,
  top: number,
): void {
  for (let y = 0; y < digitHeight * dot; y += 1) {
    for (let x = 0; x < digitWidth * dot; x += 1) {
      if (digitDot(digit, Math.floor(x / dot), Math.floor(y / dot))) {
        image[(top + y) * pitch + left + x] = white[0]
      }
    }
  }
}

function fillBox(image: Uint8Array, size: FrameSize, box: Box, colour: Colour): void {
  const { lumaPitch, u, v, chromaPitch } = yuvPlanes('YU12', size.height, size.width)
  const { left, top, right, bottom } = box
  for (let y = top; y < bottom; y += 1) {
    image.fill(colour[0], y * lumaPitch + left, y * lumaPitch + right)
  }
  for (let y = top / 2; y < bottom / 2; y += 1) {
    const line = y * chromaPitch
    image.fill(colour[1], u + line + left / 2, u + line + right / 2)
    image.fill(colour[2], v + line + left / 2, v + line + right / 2)
  }
}

/** The nearest even number below, but at least 2. */
function even(value: number): number {
  return Math.max(2, 2 * Math.floor(value / 2))
}

function roundedUp(value: number): number {
  return 2 * Math.ceil(value / 2)
}
