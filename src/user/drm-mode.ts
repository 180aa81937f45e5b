import {
  DRM_MODE_FLAG_DBLSCAN,
  DRM_MODE_FLAG_INTERLACE,
  type DrmModeModeinfo,
  drmModeModeinfo,
} from '../abi/drm-mode.ts'

/** A screen's mode: the kernel's timings, and the numbers that programs choose by. */
export interface DrmMode extends DrmModeModeinfo {
  /** Visible pixels of a line: `hdisplay`. */
  readonly width: number
  /** Visible lines: `vdisplay`. */
  readonly height: number
  /** Pictures a second, from the timings: 59.94 where `vrefresh` is rounded to 60. */
  readonly refresh: number
}

/** The mode with the timings `info`. */
export function drmMode(info: DrmModeModeinfo): DrmMode {
  return { ...info, width: info.hdisplay, height: info.vdisplay, refresh: refreshOf(info) }
}

/** The timings of a mode alone, as ioctls take them. */
export function timingsOf(mode: DrmModeModeinfo): DrmModeModeinfo {
  const names = Object.keys(drmModeModeinfo.fields) as (keyof DrmModeModeinfo)[]
  return Object.fromEntries(names.map((name) => [name, mode[name]])) as unknown as DrmModeModeinfo
}

/** As drm_mode_vrefresh of drivers/gpu/drm/drm_modes.c (Linux 6.12), without its rounding. */
function refreshOf({ clock, htotal, vtotal, vscan, flags, vrefresh }: DrmModeModeinfo): number {
  if (htotal === 0 || vtotal === 0) return vrefresh
  const doubled = (flags & DRM_MODE_FLAG_INTERLACE) === 0 ? 1 : 2
  const halved = (flags & DRM_MODE_FLAG_DBLSCAN) === 0 ? 1 : 2
  return (clock * 1000 * doubled) / (htotal * vtotal * halved * Math.max(1, vscan))
}
