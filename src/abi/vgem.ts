import { u32 } from './field.ts'
import { iow, iowr } from './ioctl-number.ts'
import { type Struct, struct } from './struct.ts'

/** The fence stands for a write: readers wait for it too. */
export const VGEM_FENCE_WRITE = 1

/** `struct drm_vgem_fence_attach` */
export interface DrmVgemFenceAttach {
  /** The GEM handle that the fence is put on. */
  handle: number
  /** VGEM_FENCE_WRITE or 0. */
  flags: number
  /** Written by the kernel: the fence's number, from 1 up. */
  out_fence: number
  pad: number
}
/** Layout of `struct drm_vgem_fence_attach`. Source: include/uapi/drm/vgem_drm.h. */
export const drmVgemFenceAttach: Struct<DrmVgemFenceAttach> = struct('drm_vgem_fence_attach', 16, {
  handle: u32,
  flags: u32,
  out_fence: u32,
  pad: u32,
})

/** `struct drm_vgem_fence_signal` */
export interface DrmVgemFenceSignal {
  /** The fence number that attach returned. */
  fence: number
  /** 0: none is defined. */
  flags: number
}
/** Layout of `struct drm_vgem_fence_signal`. Source: include/uapi/drm/vgem_drm.h. */
export const drmVgemFenceSignal: Struct<DrmVgemFenceSignal> = struct('drm_vgem_fence_signal', 8, {
  fence: u32,
  flags: u32,
})

/** Puts a new fence on a buffer; it signals by itself after 10 s. EINVAL, ENOENT, EBUSY, ENOMEM. */
export const DRM_IOCTL_VGEM_FENCE_ATTACH: number = iowr('d', 0x41, drmVgemFenceAttach.size)
/** Signals a fence, once. EINVAL, ENOENT, ETIMEDOUT where the 10 s were over. */
export const DRM_IOCTL_VGEM_FENCE_SIGNAL: number = iow('d', 0x42, drmVgemFenceSignal.size)
