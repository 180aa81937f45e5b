import type { PixelFormatName } from './pixel-format.ts'

/** The formats that keep luma and chroma apart. */
export type YuvFormatName = Exclude<PixelFormatName, 'XR24' | 'YUYV'>

/** Where the samples of a 4:2:0 image lie, in bytes from the image's start. */
export interface YuvPlanes {
  /** Between two luma lines. Luma starts at 0. */
  readonly lumaPitch: number
  /** The first U and the first V sample. */
  readonly u: number
  readonly v: number
  /** Between two chroma lines. */
  readonly chromaPitch: number
  /** Between two chroma samples of one line. */
  readonly chromaStep: 1 | 2
}

/**
 * The planes of an image of `height` lines with `pitch` bytes between its luma lines, laid out as V4L2's
 * one-buffer formats are. Checks nothing: see `checkImage`.
 */
export function yuvPlanes(format: YuvFormatName, height: number, pitch: number): YuvPlanes {
  const u = pitch * height
  if (format === 'NV12') {
    return { lumaPitch: pitch, u, v: u + 1, chromaPitch: pitch, chromaStep: 2 }
  }
  const chromaPitch = pitch / 2
  return { lumaPitch: pitch, u, v: u + chromaPitch * (height / 2), chromaPitch, chromaStep: 1 }
}
