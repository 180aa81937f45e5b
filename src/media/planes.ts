/**
 * How the planes of a picture lie in memory: subsampling and bytes of a sample, by format.
 * Source: the table of __drm_format_info in drivers/gpu/drm/drm_fourcc.c of Linux 6.12.
 */
import type { PixelFormatName } from './pixel-format.ts'

/** One plane: bytes of a sample, and how many pixels share one, both ways. */
export interface PlaneInfo {
  readonly bytesPerSample: number
  readonly across: 1 | 2
  readonly down: 1 | 2
}

const luma: PlaneInfo = { bytesPerSample: 1, across: 1, down: 1 }
const chroma: PlaneInfo = { bytesPerSample: 1, across: 2, down: 2 }
const bothChromas: PlaneInfo = { bytesPerSample: 2, across: 2, down: 2 }

/** The planes of each format, first plane first. */
export const planesOf: Readonly<Record<PixelFormatName, readonly PlaneInfo[]>> = {
  XR24: [{ bytesPerSample: 4, across: 1, down: 1 }],
  YU12: [luma, chroma, chroma],
  NV12: [luma, bothChromas],
  // Two pixels in four bytes.
  YUYV: [{ bytesPerSample: 4, across: 2, down: 1 }],
}

/** The bytes of a plane's line that hold `width` pixels. */
export function lineBytes(plane: PlaneInfo, width: number): number {
  return (width / plane.across) * plane.bytesPerSample
}
