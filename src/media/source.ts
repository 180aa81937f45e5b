import { convertFrame } from './convert.ts'
import { testPattern } from './pattern.ts'
import type { FrameSize, PixelFormat } from './pixel-format.ts'
import type { Y4mClip } from './y4m.ts'

/** Where a camera's pictures come from: numbered frames of one size, without an end. */
export interface FrameSource extends FrameSize {
  /** How many frames there are before they repeat; `Infinity` when they never do. */
  readonly frameCount: number
  /**
   * Frame `index`, counted from 0 and without an upper bound, as a `YU12` image without padding. Only to
   * be read: it may be a view on the source's own bytes. Throws a RangeError unless `index` is a whole
   * number from 0.
   */
  frame(index: number): Uint8Array
}

/** A clip that starts again after its last frame, for ever. Copies nothing. */
export function y4mSource(clip: Y4mClip): FrameSource {
  const { width, height, frameCount } = clip
  return { width, height, frameCount, frame: (index) => clip.frame(index % frameCount) }
}

/**
 * The built-in test pattern, which never repeats. Throws a RangeError unless both sides, in pixels, are even
 * and 16..8192.
 */
export function patternSource(width: number, height: number): FrameSource {
  const pattern = testPattern(width, height)
  return { width, height, frameCount: Infinity, frame: (index) => pattern.frame(index) }
}

/**
 * Writes frame `index` of `source` into `target` as an image of `format`, with `pitch` bytes between the
 * lines of its first plane.
 *
 * Writes every pixel, and no padding. Throws a RangeError when pitch, index or the target's length do not
 * fit, before it writes anything.
 */
export function readFrame(
  source: FrameSource,
  index: number,
  format: PixelFormat,
  target: Uint8Array,
  pitch: number,
): void {
  convertFrame(source.frame(index), source, format, target, pitch)
}
