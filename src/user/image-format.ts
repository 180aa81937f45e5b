import { fourccText } from '../uapi/fourcc.ts'
import type { V4l2PixFormat } from '../uapi/v4l2-struct.ts'

/** A picture in one buffer. */
export interface ImageFormat {
  /** Pixels. */
  readonly width: number
  /** Pixels. */
  readonly height: number
  /** Four letters, which V4L2 and DRM share for what both know: `XR24`, `YU12`. */
  readonly format: string
  /** Bytes from one line of the first colour plane to the next. */
  readonly bytesPerLine: number
  /** Bytes of the whole picture, all colour planes. */
  readonly sizeImage: number
}

/** One colour plane inside a buffer. */
export interface PlaneLayout {
  /** Bytes from the buffer's start. */
  readonly offset: number
  /** Bytes from line to line. */
  readonly pitch: number
}

/** The format that V4L2 describes. Never sleeps. */
export function imageFormat(pix: V4l2PixFormat): ImageFormat {
  return {
    width: pix.width,
    height: pix.height,
    format: fourccText(pix.pixelformat),
    bytesPerLine: pix.bytesperline,
    sizeImage: pix.sizeimage,
  }
}

/** Where the colour planes of `format` are: one after the other, as V4L2 puts them. Never sleeps. */
export function planesOf(format: Omit<ImageFormat, 'sizeImage'>): PlaneLayout[] {
  const { format: code, height, bytesPerLine: pitch } = format
  const luma = { offset: 0, pitch }
  if (code !== 'YU12') return [luma]
  const chroma = pitch / 2
  const first = pitch * height
  const second = first + chroma * Math.ceil(height / 2)
  return [luma, { offset: first, pitch: chroma }, { offset: second, pitch: chroma }]
}
