/** Modes: the timing of a picture, and its duration in nanoseconds. */

import {
  DRM_MODE_FLAG_DBLSCAN,
  DRM_MODE_FLAG_INTERLACE,
  DRM_MODE_TYPE_DRIVER,
  DRM_MODE_TYPE_PREFERRED,
  type DrmModeModeinfo,
} from '../../abi/drm-mode.ts'
import { SECOND } from '../../base/time.ts'
import { KernelError } from '../../machine/kernel-error.ts'

/** The time of one picture in nanoseconds, and of the part in which lines are visible. */
export interface Timing {
  readonly period: number
  readonly visible: number
}

/** CVT 1.2, reduced blanking: pixels of each part, lines, and the least vertical blank in seconds. */
const RB = { hFront: 48, hSync: 32, hBlank: 160, vFront: 3, vSync: 6, vBackMin: 6, vBlank: 460e-6 }
const LARGEST_INT = 0x7fffffff
/** DRM_MODE_TYPE_ALL: the types that are kept of a mode that a program sets. */
const KEPT_TYPES = 0x68
/** DRM_MODE_FLAG_ALL: sync polarities, interlacing, double lines, hskew, clock doubling, 3D layouts. */
const KNOWN_FLAGS = 0x7f3ff
/** DRM_MODE_FLAG_3D_MASK, and the last layout there is (DRM_MODE_FLAG_3D_MAX). */
const LAYOUT_3D = 0x1f << 14
const LAST_LAYOUT_3D = 8 << 14
/** DRM_MODE_FLAG_PIC_AR_MASK: for files that asked for aspect ratios, which cannot be done here. */
const ASPECT_RATIO = 0xf << 19
/** This display draws lines in order, once. */
const UNSUPPORTED_FLAGS = DRM_MODE_FLAG_INTERLACE | DRM_MODE_FLAG_DBLSCAN

/**
 * The mode that the screen prefers: `width` by `height` pixels, `refresh` times a second.
 * Source: VESA CVT with reduced blanking, whose blanks these are.
 */
export function preferredMode(width: number, height: number, refresh: number): DrmModeModeinfo {
  const share = RB.vBlank * refresh
  const blank = Math.max(
    RB.vFront + RB.vSync + RB.vBackMin,
    Math.ceil((share * height) / (1 - share)),
  )
  const htotal = width + RB.hBlank
  const vtotal = height + blank
  return {
    clock: Math.round((htotal * vtotal * refresh) / 1000),
    hdisplay: width,
    hsync_start: width + RB.hFront,
    hsync_end: width + RB.hFront + RB.hSync,
    htotal,
    hskew: 0,
    vdisplay: height,
    vsync_start: height + RB.vFront,
    vsync_end: height + RB.vFront + RB.vSync,
    vtotal,
    vscan: 0,
    vrefresh: refresh,
    flags: 0,
    type: DRM_MODE_TYPE_DRIVER | DRM_MODE_TYPE_PREFERRED,
    name: `${width}x${height}`,
  }
}

/** A mode's times. The clock is in kHz. */
export function timingOf(mode: DrmModeModeinfo): Timing {
  const period = (mode.htotal * mode.vtotal * scansOf(mode) * 1_000_000) / mode.clock
  return {
    period: Math.round(period),
    visible: Math.round((period * mode.vdisplay) / mode.vtotal),
  }
}

/**
 * The mode as the kernel keeps it: the refresh rate follows from the timing and not from the
 * program's number. Source: drm_mode_convert_umode, drm_mode_convert_to_umode and drm_mode_vrefresh
 * in drivers/gpu/drm/drm_modes.c of Linux 6.12.
 */
export function keptMode(mode: DrmModeModeinfo): DrmModeModeinfo {
  const pixels = mode.htotal * mode.vtotal * scansOf(mode)
  const vrefresh = Math.floor((mode.clock * 1000 + Math.floor(pixels / 2)) / pixels)
  return { ...mode, vrefresh, type: mode.type & KEPT_TYPES }
}

/** How often each line is drawn. */
function scansOf({ vscan }: DrmModeModeinfo): number {
  return Math.max(1, vscan)
}

/**
 * ERANGE and EINVAL for impossible timings and for unknown flags, and EINVAL for modes that this
 * screen cannot show: interlacing, double lines, and rates outside of 1 to 1000 pictures a second.
 * Source: drm_mode_setcrtc in drm_crtc.c, drm_mode_convert_umode and drm_mode_validate_basic in
 * drm_modes.c of Linux 6.12.
 */
export function checkMode(mode: DrmModeModeinfo): void {
  if (mode.clock > LARGEST_INT || mode.vrefresh > LARGEST_INT) {
    throw new KernelError('ERANGE', 'the mode has a clock or refresh rate of 2^31 or more')
  }
  checkFlags(mode.flags)
  const { hdisplay, hsync_start, hsync_end, htotal } = mode
  const { vdisplay, vsync_start, vsync_end, vtotal } = mode
  if (!isOrdered(hdisplay, hsync_start, hsync_end, htotal)) {
    throw new KernelError('EINVAL', "the mode's horizontal timings are zero or out of order")
  }
  if (!isOrdered(vdisplay, vsync_start, vsync_end, vtotal)) {
    throw new KernelError('EINVAL', "the mode's vertical timings are zero or out of order")
  }
  if (mode.clock === 0) throw new KernelError('EINVAL', "the mode's clock is 0")
  if ((mode.flags & UNSUPPORTED_FLAGS) !== 0) {
    throw new KernelError('EINVAL', 'the screen knows neither interlaced nor doubled lines')
  }
  const { period } = timingOf(mode)
  if (period < SECOND / 1000 || period > SECOND) {
    throw new KernelError('EINVAL', `a picture would take ${period} ns: 1 ms to 1 s is possible`)
  }
}

function checkFlags(flags: number): void {
  if ((flags & ASPECT_RATIO) !== 0) {
    throw new KernelError(
      'EINVAL',
      'the flags have an aspect ratio, which the file did not ask for',
    )
  }
  const unknown = (flags & ~KNOWN_FLAGS) >>> 0
  if (unknown !== 0) {
    throw new KernelError('EINVAL', `the mode has flags 0x${unknown.toString(16)}: none is defined`)
  }
  if ((flags & LAYOUT_3D) > LAST_LAYOUT_3D) {
    throw new KernelError('EINVAL', `the flags 0x${flags.toString(16)} name no 3D layout`)
  }
}

/** Whether two modes drive the screen alike. */
export function isSameTiming(a: DrmModeModeinfo, b: DrmModeModeinfo): boolean {
  return (
    a.clock === b.clock &&
    a.hdisplay === b.hdisplay &&
    a.htotal === b.htotal &&
    a.vdisplay === b.vdisplay &&
    scansOf(a) === scansOf(b) &&
    a.vtotal === b.vtotal
  )
}

function isOrdered(display: number, start: number, end: number, total: number): boolean {
  return display > 0 && display <= start && start <= end && end <= total
}
