import { u32, u64 } from './field.ts'
import { array } from './field-kinds.ts'
import { iowr } from './ioctl-number.ts'
import { type Struct, struct } from './struct.ts'

/** PAGE_FLIP: send an event when the new picture is on screen. */
export const DRM_MODE_PAGE_FLIP_EVENT = 1
/** PAGE_FLIP: do not wait for the vertical blank. */
export const DRM_MODE_PAGE_FLIP_ASYNC = 2
/** ADDFB2: the picture is of two fields. */
export const DRM_MODE_FB_INTERLACED = 1
/** ADDFB2: `modifier` counts. */
export const DRM_MODE_FB_MODIFIERS = 2

/** `struct drm_mode_fb_cmd2`: a picture of up to four planes in GEM handles. */
export interface DrmModeFbCmd2 {
  /** Written by the kernel. */
  fb_id: number
  width: number
  height: number
  /** A fourcc. */
  pixel_format: number
  /** DRM_MODE_FB_ bits. */
  flags: number
  handles: readonly number[]
  /** Bytes from line to line. */
  pitches: readonly number[]
  /** Bytes from the buffer's start. */
  offsets: readonly number[]
  modifier: readonly number[]
}
/** Layout of `struct drm_mode_fb_cmd2`. Source, of all here: include/uapi/drm/drm_mode.h. */
export const drmModeFbCmd2: Struct<DrmModeFbCmd2> = struct('drm_mode_fb_cmd2', 104, {
  fb_id: u32,
  width: u32,
  height: u32,
  pixel_format: u32,
  flags: u32,
  handles: array(u32, 4),
  pitches: array(u32, 4),
  offsets: array(u32, 4),
  modifier: array(u64, 4),
})

/** The argument of RMFB: a framebuffer's id. */
export interface DrmModeRmFb {
  fb_id: number
}
/** Layout of the `unsigned int` that RMFB points at. */
export const drmModeRmFb: Struct<DrmModeRmFb> = struct('unsigned int', 4, { fb_id: u32 })

/** `struct drm_mode_crtc_page_flip` */
export interface DrmModeCrtcPageFlip {
  crtc_id: number
  fb_id: number
  /** DRM_MODE_PAGE_FLIP_ bits. */
  flags: number
  reserved: number
  /** Comes back in the event. */
  user_data: number
}
/** Layout of `struct drm_mode_crtc_page_flip`. */
export const drmModeCrtcPageFlip: Struct<DrmModeCrtcPageFlip> = struct(
  'drm_mode_crtc_page_flip',
  24,
  { crtc_id: u32, fb_id: u32, flags: u32, reserved: u32, user_data: u64 },
)

/** Removes a framebuffer; a CRTC that shows it is turned off. ENOENT. */
export const DRM_IOCTL_MODE_RMFB: number = iowr('d', 0xaf, drmModeRmFb.size)
/** Shows another framebuffer from the next vertical blank. EBUSY while a flip waits, EINVAL, ENOENT. */
export const DRM_IOCTL_MODE_PAGE_FLIP: number = iowr('d', 0xb0, drmModeCrtcPageFlip.size)
/** Makes a framebuffer of handles. EINVAL for the format or size, ENOENT for a handle. */
export const DRM_IOCTL_MODE_ADDFB2: number = iowr('d', 0xb8, drmModeFbCmd2.size)
