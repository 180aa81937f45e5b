import { pointer, u16, u32 } from './field.ts'
import { text } from './field-kinds.ts'
import { iowr } from './ioctl-number.ts'
import { nested, type Struct, struct } from './struct.ts'

/** Connector: a screen is attached. */
export const DRM_MODE_CONNECTED = 1
/** Connector: no screen is attached. */
export const DRM_MODE_DISCONNECTED = 2
/** Connector: not known. */
export const DRM_MODE_UNKNOWNCONNECTION = 3
/** Connector type: a virtual display. */
export const DRM_MODE_CONNECTOR_VIRTUAL = 15
/** Mode type: the screen likes this one best. */
export const DRM_MODE_TYPE_PREFERRED = 8
/** Mode type: the driver made it. */
export const DRM_MODE_TYPE_DRIVER = 0x40

/** Mode flag: the picture is of two fields. */
export const DRM_MODE_FLAG_INTERLACE: number = 1 << 4
/** Mode flag: each line is drawn twice. */
export const DRM_MODE_FLAG_DBLSCAN: number = 1 << 5

/** `struct drm_mode_modeinfo`: the timing of a picture. */
export interface DrmModeModeinfo {
  /** Pixel clock in kHz. */
  clock: number
  /** Visible pixels of a line. */
  hdisplay: number
  hsync_start: number
  hsync_end: number
  htotal: number
  hskew: number
  /** Visible lines. */
  vdisplay: number
  vsync_start: number
  vsync_end: number
  vtotal: number
  vscan: number
  /** Pictures per second. */
  vrefresh: number
  flags: number
  /** DRM_MODE_TYPE_ bits. */
  type: number
  name: string
}
/** Layout of `struct drm_mode_modeinfo`. Source, of all here: include/uapi/drm/drm_mode.h. */
export const drmModeModeinfo: Struct<DrmModeModeinfo> = struct('drm_mode_modeinfo', 68, {
  clock: u32,
  hdisplay: u16,
  hsync_start: u16,
  hsync_end: u16,
  htotal: u16,
  hskew: u16,
  vdisplay: u16,
  vsync_start: u16,
  vsync_end: u16,
  vtotal: u16,
  vscan: u16,
  vrefresh: u32,
  flags: u32,
  type: u32,
  name: text(32),
})

/** `struct drm_mode_card_res`: the ids of a card's objects, u32 each, in memory of the caller. */
export interface DrmModeCardRes {
  fb_id_ptr: number
  crtc_id_ptr: number
  connector_id_ptr: number
  encoder_id_ptr: number
  /** Going in, room at the pointer; coming out, how many there are. So with each count. */
  count_fbs: number
  count_crtcs: number
  count_connectors: number
  count_encoders: number
  min_width: number
  max_width: number
  min_height: number
  max_height: number
}
/** Layout of `struct drm_mode_card_res`. */
export const drmModeCardRes: Struct<DrmModeCardRes> = struct('drm_mode_card_res', 64, {
  fb_id_ptr: pointer,
  crtc_id_ptr: pointer,
  connector_id_ptr: pointer,
  encoder_id_ptr: pointer,
  count_fbs: u32,
  count_crtcs: u32,
  count_connectors: u32,
  count_encoders: u32,
  min_width: u32,
  max_width: u32,
  min_height: u32,
  max_height: u32,
})

/** `struct drm_mode_get_encoder` */
export interface DrmModeGetEncoder {
  encoder_id: number
  encoder_type: number
  /** The CRTC in use; 0 for none. */
  crtc_id: number
  /** A bit for each index in the card's list of CRTCs. */
  possible_crtcs: number
  possible_clones: number
}
/** Layout of `struct drm_mode_get_encoder`. */
export const drmModeGetEncoder: Struct<DrmModeGetEncoder> = struct('drm_mode_get_encoder', 20, {
  encoder_id: u32,
  encoder_type: u32,
  crtc_id: u32,
  possible_crtcs: u32,
  possible_clones: u32,
})

/** `struct drm_mode_get_connector` */
export interface DrmModeGetConnector {
  encoders_ptr: number
  /** `struct drm_mode_modeinfo` each. */
  modes_ptr: number
  props_ptr: number
  prop_values_ptr: number
  /** Counts as in `DrmModeCardRes`; with 0 modes the kernel probes the screen again. */
  count_modes: number
  count_props: number
  count_encoders: number
  /** The encoder in use; 0 for none. */
  encoder_id: number
  connector_id: number
  connector_type: number
  connector_type_id: number
  /** DRM_MODE_CONNECTED and so on. */
  connection: number
  mm_width: number
  mm_height: number
  subpixel: number
  pad: number
}
/** Layout of `struct drm_mode_get_connector`. */
export const drmModeGetConnector: Struct<DrmModeGetConnector> = struct(
  'drm_mode_get_connector',
  80,
  {
    encoders_ptr: pointer,
    modes_ptr: pointer,
    props_ptr: pointer,
    prop_values_ptr: pointer,
    count_modes: u32,
    count_props: u32,
    count_encoders: u32,
    encoder_id: u32,
    connector_id: u32,
    connector_type: u32,
    connector_type_id: u32,
    connection: u32,
    mm_width: u32,
    mm_height: u32,
    subpixel: u32,
    pad: u32,
  },
)

/** `struct drm_mode_crtc`: the framebuffer and mode of a CRTC. */
export interface DrmModeCrtc {
  /** Connector ids, u32 each. */
  set_connectors_ptr: number
  count_connectors: number
  crtc_id: number
  /** 0 turns the CRTC off. */
  fb_id: number
  /** Where in the framebuffer the picture starts, in pixels. */
  x: number
  y: number
  gamma_size: number
  /** Whether `mode` counts. */
  mode_valid: number
  mode: DrmModeModeinfo
}
/** Layout of `struct drm_mode_crtc`. */
export const drmModeCrtc: Struct<DrmModeCrtc> = struct('drm_mode_crtc', 104, {
  set_connectors_ptr: pointer,
  count_connectors: u32,
  crtc_id: u32,
  fb_id: u32,
  x: u32,
  y: u32,
  gamma_size: u32,
  mode_valid: u32,
  mode: nested(drmModeModeinfo),
})

/** The ids of framebuffers, CRTCs, connectors and encoders. */
export const DRM_IOCTL_MODE_GETRESOURCES: number = iowr('d', 0xa0, drmModeCardRes.size)
/** Reads the framebuffer and mode of a CRTC. ENOENT. */
export const DRM_IOCTL_MODE_GETCRTC: number = iowr('d', 0xa1, drmModeCrtc.size)
/** Shows a framebuffer with a mode, or turns off. EACCES without mastership, EINVAL, ENOENT, ENOSPC. */
export const DRM_IOCTL_MODE_SETCRTC: number = iowr('d', 0xa2, drmModeCrtc.size)
/** One encoder. ENOENT. */
export const DRM_IOCTL_MODE_GETENCODER: number = iowr('d', 0xa6, drmModeGetEncoder.size)
/** One connector with its modes. ENOENT. May sleep. */
export const DRM_IOCTL_MODE_GETCONNECTOR: number = iowr('d', 0xa7, drmModeGetConnector.size)
