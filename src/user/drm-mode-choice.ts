import { DRM_MODE_TYPE_PREFERRED, type DrmModeModeinfo } from '../abi/drm-mode.ts'

const area = (mode: DrmModeModeinfo): number => mode.hdisplay * mode.vdisplay
const preferred = (mode: DrmModeModeinfo): number =>
  (mode.type & DRM_MODE_TYPE_PREFERRED) !== 0 ? 1 : 0

/**
 * The mode to show a picture of `width` by `height` with: the screen's own of that size, or its
 * largest that the picture covers, or one made up, which virtual displays accept.
 */
export function chooseMode(
  modes: readonly DrmModeModeinfo[],
  width: number,
  height: number,
): DrmModeModeinfo {
  const fitting = modes
    .filter((mode) => mode.hdisplay <= width && mode.vdisplay <= height)
    .sort((a, b) => area(b) - area(a) || preferred(b) - preferred(a))
  return fitting[0] ?? makeMode(width, height)
}

/** A timing for a size that the screen does not list: 60 pictures a second, VESA reduced blanking. */
export function makeMode(width: number, height: number): DrmModeModeinfo {
  const htotal = width + 160
  const vtotal = height + 23
  const vrefresh = 60
  return {
    clock: Math.round((htotal * vtotal * vrefresh) / 1000),
    hdisplay: width,
    hsync_start: width + 48,
    hsync_end: width + 80,
    htotal,
    hskew: 0,
    vdisplay: height,
    vsync_start: height + 3,
    vsync_end: height + 9,
    vtotal,
    vscan: 0,
    vrefresh,
    flags: 0,
    type: 0,
    name: `${width}x${height}`,
  }
}
