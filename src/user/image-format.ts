import { fourccText } from '../uapi/fourcc.ts'
import type { V4l2PixFormat } from '../uapi/v4l2-struct.ts'
import type { PixelFormat } from './pixel-format.ts'

/** A picture in one buffer. */
export interface ImageFormat {
  /** Pixels. */
  readonly width: number
  /** Pixels. */
  readonly height: number
  /** A four-character code, which V4L2 and DRM share for formats that both know: `XR24`, `YU12`. */
  readonly format: PixelFormat
  /** Bytes from one line of the first colour plane to the next. */
  readonly stride: number
  /** @deprecated Use `stride`. */
  readonly bytesPerLine: number
  /** Bytes of the whole picture, all colour planes. */
  readonly sizeImage: number
}

/** The bytes from one line of the first colour plane to the next. */
export type Stride =
  | { readonly stride: number }
  | {
      /** @deprecated Use `stride`. */
      readonly bytesPerLine: number
    }

/** A picture's layout in a buffer, as a framebuffer needs it: an `ImageFormat` is one. */
export type PictureLayout = Pick<ImageFormat, 'width' | 'height' | 'format'> & Stride

/** Bytes from one line of the first colour plane to the next. */
export function strideOf(layout: Stride): number {
  const { stride, bytesPerLine } = layout as Partial<ImageFormat>
  return stride ?? (bytesPerLine as number)
}

/** One colour plane inside a buffer. */
export interface PlaneLayout {
  /** Bytes from the buffer's start. */
  readonly offset: number
  /** Bytes from line to line. */
  readonly stride: number
}

/** The format that V4L2 describes. Never sleeps. */
export function imageFormat(pix: V4l2PixFormat): ImageFormat {
  return {
    width: pix.width,
    height: pix.height,
    format: fourccText(pix.pixelformat),
    stride: pix.bytesperline,
    bytesPerLine: pix.bytesperline,
    sizeImage: pix.sizeimage,
  }
}

/** Where the colour planes of `layout` are: one after the other, as V4L2 puts them. Never sleeps. */
export function planesOf(layout: PictureLayout): PlaneLayout[] {
  const stride = strideOf(layout)
  const luma = { offset: 0, stride }
  if (layout.format !== 'YU12') return [luma]
  const chroma = stride / 2
  const first = stride * layout.height
  const second = first + chroma * Math.ceil(layout.height / 2)
  return [luma, { offset: first, stride: chroma }, { offset: second, stride: chroma }]
}
