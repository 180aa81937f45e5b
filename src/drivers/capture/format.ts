/**
 * The formats that the camera gives: its picture's own size, as it was recorded or converted.
 * Source: v4l_fill_fmtdesc and v4l_g_fmt in drivers/media/v4l2-core/v4l2-ioctl.c of Linux 6.12.
 */

import { V4L2_FIELD_NONE } from '../../abi/v4l2.ts'
import type { V4l2PixFormat } from '../../abi/v4l2-struct.ts'
import { alignUp } from '../../base/bits.ts'
import type { DeviceTraits } from '../../machine/board.ts'
import { paddedSize } from '../../media/padded.ts'
import { type FrameSize, type PixelFormat, pixelFormats } from '../../media/pixel-format.ts'

/** The multiples that the board's camera needs. */
export type CaptureSteps = Pick<DeviceTraits, 'strideStep' | 'heightStep'>

/**
 * The format of S_FMT: an image in one plane of memory. Its height is that in memory, also if the
 * picture has fewer lines: V4L2 has no other way to state where the chroma planes begin.
 */
export interface CaptureFormat extends FrameSize {
  readonly pixel: PixelFormat
  /** Bytes between two lines of the first colour plane. */
  readonly pitch: number
  /** Bytes of the whole image. */
  readonly size: number
}

/** In the order of ENUM_FMT: as recorded, then converted. */
export const captureFormats: readonly PixelFormat[] = [
  pixelFormats.YU12,
  pixelFormats.XR24,
  pixelFormats.NV12,
  pixelFormats.YUYV,
]

/** V4L2_PIX_FMT_PRIV_MAGIC: the fields behind `priv` are valid. */
const PRIV_MAGIC = 0xfeedcafe
/** V4L2_COLORSPACE_SMPTE170M, V4L2_YCBCR_ENC_601, V4L2_QUANTIZATION_LIM_RANGE, V4L2_XFER_FUNC_709. */
const RECORDED = { colorspace: 1, ycbcr_enc: 1, quantization: 2, xfer_func: 1 }
/** V4L2_COLORSPACE_SRGB, no Y'CbCr encoding, V4L2_QUANTIZATION_FULL_RANGE, V4L2_XFER_FUNC_SRGB. */
const CONVERTED = { colorspace: 8, ycbcr_enc: 0, quantization: 1, xfer_func: 2 }

/**
 * The format nearest to the one asked for, as TRY_FMT answers: an unknown `fourcc` becomes the first of
 * the list, and the size is always the source's, padded as the camera of this board pads.
 */
export function nearestFormat(
  size: FrameSize,
  fourcc: number,
  { strideStep = 1, heightStep = 1 }: CaptureSteps = {},
): CaptureFormat {
  const known = captureFormats.find((format) => format.fourcc === fourcc)
  const pixel = known ?? pixelFormats.YU12
  const pitch = alignUp(pixel.bytesPerLine(size.width), Math.max(strideStep, pixel.pitchStep))
  const height = alignUp(size.height, heightStep)
  return { pixel, width: size.width, height, pitch, size: paddedSize(pixel, { height, pitch }) }
}

/** Fills in the whole of `struct v4l2_pix_format`. */
export function writeFormat(pix: V4l2PixFormat, format: CaptureFormat): void {
  pix.width = format.width
  pix.height = format.height
  pix.pixelformat = format.pixel.fourcc
  pix.field = V4L2_FIELD_NONE
  pix.bytesperline = format.pitch
  pix.sizeimage = format.size
  pix.priv = PRIV_MAGIC
  pix.flags = 0
  Object.assign(pix, format.pixel.name === 'XR24' ? CONVERTED : RECORDED)
}
