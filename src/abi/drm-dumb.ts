import { u32, u64 } from './field.ts'
import { iowr } from './ioctl-number.ts'
import { type Struct, struct } from './struct.ts'

/** `struct drm_mode_create_dumb`: a buffer in plain memory that any display can show. */
export interface DrmModeCreateDumb {
  /** Pixels. */
  height: number
  /** Pixels. */
  width: number
  /** Bits per pixel. */
  bpp: number
  flags: number
  /** Written by the kernel. */
  handle: number
  /** Bytes from line to line, written by the kernel. */
  pitch: number
  /** Bytes, written by the kernel. */
  size: number
}
/** Layout of `struct drm_mode_create_dumb`. Source, of all here: include/uapi/drm/drm_mode.h. */
export const drmModeCreateDumb: Struct<DrmModeCreateDumb> = struct('drm_mode_create_dumb', 32, {
  height: u32,
  width: u32,
  bpp: u32,
  flags: u32,
  handle: u32,
  pitch: u32,
  size: u64,
})

/** `struct drm_mode_map_dumb` */
export interface DrmModeMapDumb {
  handle: number
  pad: number
  /** The offset for mmap on the device, written by the kernel. */
  offset: number
}
/** Layout of `struct drm_mode_map_dumb`. */
export const drmModeMapDumb: Struct<DrmModeMapDumb> = struct('drm_mode_map_dumb', 16, {
  handle: u32,
  pad: u32,
  offset: u64,
})

/** `struct drm_mode_destroy_dumb` */
export interface DrmModeDestroyDumb {
  handle: number
}
/** Layout of `struct drm_mode_destroy_dumb`. */
export const drmModeDestroyDumb: Struct<DrmModeDestroyDumb> = struct('drm_mode_destroy_dumb', 4, {
  handle: u32,
})

/** Makes a dumb buffer. EINVAL for zero or too large, ENOSYS, ENOMEM. */
export const DRM_IOCTL_MODE_CREATE_DUMB: number = iowr('d', 0xb2, drmModeCreateDumb.size)
/** Makes a dumb buffer mappable. ENOENT for the handle, EINVAL for an imported one. */
export const DRM_IOCTL_MODE_MAP_DUMB: number = iowr('d', 0xb3, drmModeMapDumb.size)
/** Drops a dumb buffer's handle. EINVAL. */
export const DRM_IOCTL_MODE_DESTROY_DUMB: number = iowr('d', 0xb4, drmModeDestroyDumb.size)
