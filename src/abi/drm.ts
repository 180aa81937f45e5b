import { pointer, s32, u32, u64 } from './field.ts'
import { iow, iowr } from './ioctl-number.ts'
import { type Struct, struct } from './struct.ts'

/** GET_CAP: dumb buffers can be made. */
export const DRM_CAP_DUMB_BUFFER = 1
/** GET_CAP: vertical blanks can be waited for on any CRTC. */
export const DRM_CAP_VBLANK_HIGH_CRTC = 2
/** GET_CAP: the depth that dumb buffers should have. */
export const DRM_CAP_DUMB_PREFERRED_DEPTH = 3
/** GET_CAP: whether drawing should go to a copy of a dumb buffer. */
export const DRM_CAP_DUMB_PREFER_SHADOW = 4
/** GET_CAP: dma-bufs can be imported and exported. */
export const DRM_CAP_PRIME = 5
/** In the value of DRM_CAP_PRIME: import works. */
export const DRM_PRIME_CAP_IMPORT = 1
/** In the value of DRM_CAP_PRIME: export works. */
export const DRM_PRIME_CAP_EXPORT = 2
/** GET_CAP: timestamps of events are of the monotonic clock. */
export const DRM_CAP_TIMESTAMP_MONOTONIC = 6
/** GET_CAP: PAGE_FLIP need not wait for the vertical blank. */
export const DRM_CAP_ASYNC_PAGE_FLIP = 7
/** GET_CAP: the pixels of a cursor's line. */
export const DRM_CAP_CURSOR_WIDTH = 8
/** GET_CAP: the lines of a cursor. */
export const DRM_CAP_CURSOR_HEIGHT = 9
/** GET_CAP: ADDFB2 takes modifiers. */
export const DRM_CAP_ADDFB2_MODIFIERS = 0x10
/** GET_CAP: PAGE_FLIP can name the vertical blank. */
export const DRM_CAP_PAGE_FLIP_TARGET = 0x11
/** GET_CAP: flip events name their CRTC. */
export const DRM_CAP_CRTC_IN_VBLANK_EVENT = 0x12
/** GET_CAP: the device has synchronisation objects. */
export const DRM_CAP_SYNCOBJ = 0x13
/** GET_CAP: its synchronisation objects have timelines. */
export const DRM_CAP_SYNCOBJ_TIMELINE = 0x14
/** GET_CAP: an atomic commit may flip without waiting for the vertical blank. */
export const DRM_CAP_ATOMIC_ASYNC_PAGE_FLIP = 0x15
/** HANDLE_TO_FD: the descriptor does not survive exec. */
export const DRM_CLOEXEC = 0o2000000
/** HANDLE_TO_FD: the dma-buf may be mapped for writing. */
export const DRM_RDWR = 2

/** `struct drm_version`: the driver's name, in memory of the caller. */
export interface DrmVersion {
  version_major: number
  version_minor: number
  version_patchlevel: number
  /** Bytes at `name`, going in; of the whole name, coming out. */
  name_len: number
  name: number
  date_len: number
  date: number
  desc_len: number
  desc: number
}
/** Layout of `struct drm_version`. Source, of all here: include/uapi/drm/drm.h. */
export const drmVersion: Struct<DrmVersion> = struct('drm_version', 64, {
  version_major: s32,
  version_minor: s32,
  version_patchlevel: s32,
  name_len: u64,
  name: pointer,
  date_len: u64,
  date: pointer,
  desc_len: u64,
  desc: pointer,
})

/** `struct drm_get_cap` */
export interface DrmGetCap {
  /** DRM_CAP_ */
  capability: number
  /** Written by the kernel. */
  value: number
}
/** Layout of `struct drm_get_cap`. */
export const drmGetCap: Struct<DrmGetCap> = struct('drm_get_cap', 16, {
  capability: u64,
  value: u64,
})

/** `struct drm_gem_close` */
export interface DrmGemClose {
  handle: number
  pad: number
}
/** Layout of `struct drm_gem_close`. */
export const drmGemClose: Struct<DrmGemClose> = struct('drm_gem_close', 8, {
  handle: u32,
  pad: u32,
})

/** `struct drm_prime_handle`: a GEM handle and a dma-buf's descriptor. */
export interface DrmPrimeHandle {
  handle: number
  /** DRM_CLOEXEC and DRM_RDWR, for HANDLE_TO_FD. */
  flags: number
  fd: number
}
/** Layout of `struct drm_prime_handle`. */
export const drmPrimeHandle: Struct<DrmPrimeHandle> = struct('drm_prime_handle', 12, {
  handle: u32,
  flags: u32,
  fd: s32,
})

/** The driver's name and version. */
export const DRM_IOCTL_VERSION: number = iowr('d', 0x00, drmVersion.size)
/** Drops a GEM handle. EINVAL for one that is not open. */
export const DRM_IOCTL_GEM_CLOSE: number = iow('d', 0x09, drmGemClose.size)
/** One capability's value. EINVAL for an unknown one. */
export const DRM_IOCTL_GET_CAP: number = iowr('d', 0x0c, drmGetCap.size)
/** A descriptor for the dma-buf of a handle. EINVAL for flags, EMFILE, ENOENT. */
export const DRM_IOCTL_PRIME_HANDLE_TO_FD: number = iowr('d', 0x2d, drmPrimeHandle.size)
/**
 * The handle of a dma-buf: the same one each time until it is closed, so count the imports. EBADF,
 * EINVAL, EIO where a bounce buffer is too small.
 */
export const DRM_IOCTL_PRIME_FD_TO_HANDLE: number = iowr('d', 0x2e, drmPrimeHandle.size)
