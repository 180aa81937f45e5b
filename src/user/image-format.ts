import { fourccText } from '../abi/fourcc.ts'
import type { V4l2PixFormat } from '../abi/v4l2-struct.ts'
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
  /**
   * Where each colour plane begins in the buffer, first plane first: for planes that do not follow each
   * other, as where a codec pads the height. One after the other without a gap when left out.
   */
  readonly planes?: readonly PlaneLayout[] | undefined
}

/** The bytes from one line of the first colour plane to the next. */
export type Stride =
  // The compiler names the last member of a union where a layout has none of them.
  | {
      /** @deprecated Use `stride`. */
      readonly bytesPerLine: number
    }
  | { readonly stride: number }

/**
 * A picture's layout in a buffer, as a framebuffer needs it: its stride, where each plane begins, or both. An
 * `ImageFormat` is one.
 */
export type PictureLayout = Pick<ImageFormat, 'width' | 'height' | 'format'> &
  ((Stride & Pick<ImageFormat, 'planes'>) | { readonly planes: readonly PlaneLayout[] })

/** Bytes from one line of the first colour plane to the next. */
export function strideOf(layout: PictureLayout): number {
  const { stride, bytesPerLine, planes } = layout as Partial<ImageFormat>
  return stride ?? bytesPerLine ?? (planes?.[0]?.stride as number)
}

/** One colour plane inside a buffer. */
export interface PlaneLayout {
  /** Bytes from the buffer's start. */
  readonly offset: number
  /** Bytes from line to line. */
  readonly stride: number
}

/** The format that V4L2 describes. */
export function imageFormat(pix: V4l2PixFormat): ImageFormat {
  const layout = {
    width: pix.width,
    height: pix.height,
    format: fourccText(pix.pixelformat),
    stride: pix.bytesperline,
    bytesPerLine: pix.bytesperline,
  }
  return { ...layout, sizeImage: pix.sizeimage, planes: planesOf(layout) }
}

/** A colour plane after the first: its stride for each byte of the first one's, and lines that share one. */
interface FurtherPlane {
  readonly strides: 0.5 | 1 | 2
  readonly down: 1 | 2
}

const half: FurtherPlane = { strides: 0.5, down: 2 }
/** Cb and Cr in turn, one pair for four pixels. */
const pairs: FurtherPlane = { strides: 1, down: 2 }

/**
 * The planes after the first, by format; formats that are not here have one plane.
 * Source: the tables of Documentation/userspace-api/media/v4l/pixfmt-yuv-planar.rst.
 */
const furtherPlanes: ReadonlyMap<string, readonly FurtherPlane[]> = new Map([
  ['YU12', [half, half]],
  ['YV12', [half, half]],
  [
    'YU16',
    [
      { strides: 0.5, down: 1 },
      { strides: 0.5, down: 1 },
    ],
  ],
  [
    'YU24',
    [
      { strides: 1, down: 1 },
      { strides: 1, down: 1 },
    ],
  ],
  ['NV12', [pairs]],
  ['NV21', [pairs]],
  ['P010', [pairs]],
  ['NV16', [{ strides: 1, down: 1 }]],
  ['NV61', [{ strides: 1, down: 1 }]],
  ['NV24', [{ strides: 2, down: 1 }]],
  ['NV42', [{ strides: 2, down: 1 }]],
] satisfies [string, FurtherPlane[]][])

/** How many colour planes `format` has in memory. */
export function planeCount(format: string): number {
  return 1 + (furtherPlanes.get(format)?.length ?? 0)
}

/**
 * Where the colour planes of `layout` are: as it says, else one after the other without a gap, as V4L2 puts
 * them into one buffer.
 */
export function planesOf(layout: PictureLayout): readonly PlaneLayout[] {
  if (layout.planes !== undefined) return layout.planes
  const first = { offset: 0, stride: strideOf(layout) }
  let end = first.stride * layout.height
  const further = furtherPlanes.get(layout.format) ?? []
  const rest = further.map(({ strides, down }) => {
    const plane = { offset: end, stride: first.stride * strides }
    end += plane.stride * Math.ceil(layout.height / down)
    return plane
  })
  return [first, ...rest]
}
