import { u32, u64 } from './field.ts'
import { type Struct, struct } from './struct.ts'

/** Event: a vertical blank that was asked for. */
export const DRM_EVENT_VBLANK = 1
/** Event: a page flip is on screen. */
export const DRM_EVENT_FLIP_COMPLETE = 2

/** `struct drm_event_vblank`, as read(2) on the device gives it; `type` and `length` are its base. */
export interface DrmEventVblank {
  /** DRM_EVENT_ */
  type: number
  /** Bytes of the whole event. */
  length: number
  /** The `user_data` of PAGE_FLIP. */
  user_data: number
  tv_sec: number
  tv_usec: number
  /** Counts the vertical blanks. */
  sequence: number
  crtc_id: number
}
/** Layout of `struct drm_event_vblank`. Source: include/uapi/drm/drm.h. */
export const drmEventVblank: Struct<DrmEventVblank> = struct('drm_event_vblank', 32, {
  type: u32,
  length: u32,
  user_data: u64,
  tv_sec: u32,
  tv_usec: u32,
  sequence: u32,
  crtc_id: u32,
})
/** Bytes of `struct drm_event`, with which every event begins. */
export const DRM_EVENT_HEADER_SIZE = 8
