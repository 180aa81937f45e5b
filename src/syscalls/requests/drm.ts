import * as drm from '../../abi/drm.ts'
import * as dumb from '../../abi/drm-dumb.ts'
import * as fb from '../../abi/drm-framebuffer.ts'
import * as mode from '../../abi/drm-mode.ts'
import * as vgem from '../../abi/vgem.ts'
import { pointerTo, type Request } from './request.ts'

const texts = (['name', 'date', 'desc'] as const).map((field) =>
  pointerTo(drm.drmVersion, field, `${field}_len`, 1),
)
const resources = (['fb', 'crtc', 'connector', 'encoder'] as const).map((kind) =>
  pointerTo(mode.drmModeCardRes, `${kind}_id_ptr`, `count_${kind}s`, 4),
)
const connector = [
  pointerTo(mode.drmModeGetConnector, 'encoders_ptr', 'count_encoders', 4),
  pointerTo(mode.drmModeGetConnector, 'modes_ptr', 'count_modes', mode.drmModeModeinfo.size),
  pointerTo(mode.drmModeGetConnector, 'props_ptr', 'count_props', 4),
  pointerTo(mode.drmModeGetConnector, 'prop_values_ptr', 'count_props', 8),
]

/** Source: include/uapi/drm/drm.h. */
const core: readonly Request[] = [
  {
    name: 'DRM_IOCTL_VERSION',
    request: drm.DRM_IOCTL_VERSION,
    struct: drm.drmVersion,
    pointers: texts,
    waits: 'now',
  },
  {
    name: 'DRM_IOCTL_GEM_CLOSE',
    request: drm.DRM_IOCTL_GEM_CLOSE,
    struct: drm.drmGemClose,
    waits: 'now',
    fails: 'never',
  },
  {
    name: 'DRM_IOCTL_GET_CAP',
    request: drm.DRM_IOCTL_GET_CAP,
    struct: drm.drmGetCap,
    waits: 'now',
  },
  {
    name: 'DRM_IOCTL_PRIME_HANDLE_TO_FD',
    request: drm.DRM_IOCTL_PRIME_HANDLE_TO_FD,
    struct: drm.drmPrimeHandle,
    waits: 'now',
    makes: (bytes) => drm.drmPrimeHandle.over(bytes).fd,
  },
  {
    name: 'DRM_IOCTL_PRIME_FD_TO_HANDLE',
    request: drm.DRM_IOCTL_PRIME_FD_TO_HANDLE,
    struct: drm.drmPrimeHandle,
    waits: 'now',
    takes: () => [drm.drmPrimeHandle.offsets.fd],
  },
]

/** Source: include/uapi/drm/vgem_drm.h. */
const vgemFences: readonly Request[] = [
  {
    name: 'DRM_IOCTL_VGEM_FENCE_ATTACH',
    request: vgem.DRM_IOCTL_VGEM_FENCE_ATTACH,
    struct: vgem.drmVgemFenceAttach,
    waits: 'now',
    fails: 'ENOMEM',
  },
  {
    name: 'DRM_IOCTL_VGEM_FENCE_SIGNAL',
    request: vgem.DRM_IOCTL_VGEM_FENCE_SIGNAL,
    struct: vgem.drmVgemFenceSignal,
    waits: 'now',
  },
]

/** Source: include/uapi/drm/drm_mode.h. */
const modes: readonly Request[] = [
  {
    name: 'DRM_IOCTL_MODE_GETRESOURCES',
    request: mode.DRM_IOCTL_MODE_GETRESOURCES,
    struct: mode.drmModeCardRes,
    pointers: resources,
    waits: 'now',
  },
  {
    name: 'DRM_IOCTL_MODE_GETCRTC',
    request: mode.DRM_IOCTL_MODE_GETCRTC,
    struct: mode.drmModeCrtc,
    waits: 'now',
  },
  {
    name: 'DRM_IOCTL_MODE_SETCRTC',
    request: mode.DRM_IOCTL_MODE_SETCRTC,
    struct: mode.drmModeCrtc,
    pointers: [pointerTo(mode.drmModeCrtc, 'set_connectors_ptr', 'count_connectors', 4)],
  },
  {
    name: 'DRM_IOCTL_MODE_GETENCODER',
    request: mode.DRM_IOCTL_MODE_GETENCODER,
    struct: mode.drmModeGetEncoder,
    waits: 'now',
  },
  {
    name: 'DRM_IOCTL_MODE_GETCONNECTOR',
    request: mode.DRM_IOCTL_MODE_GETCONNECTOR,
    struct: mode.drmModeGetConnector,
    pointers: connector,
  },
  {
    name: 'DRM_IOCTL_MODE_ADDFB2',
    request: fb.DRM_IOCTL_MODE_ADDFB2,
    struct: fb.drmModeFbCmd2,
    waits: 'now',
  },
  {
    name: 'DRM_IOCTL_MODE_RMFB',
    request: fb.DRM_IOCTL_MODE_RMFB,
    struct: fb.drmModeRmFb,
    fails: 'never',
  },
  {
    name: 'DRM_IOCTL_MODE_PAGE_FLIP',
    request: fb.DRM_IOCTL_MODE_PAGE_FLIP,
    struct: fb.drmModeCrtcPageFlip,
    waits: 'now',
  },
  {
    name: 'DRM_IOCTL_MODE_CREATE_DUMB',
    request: dumb.DRM_IOCTL_MODE_CREATE_DUMB,
    struct: dumb.drmModeCreateDumb,
    waits: 'now',
  },
  {
    name: 'DRM_IOCTL_MODE_MAP_DUMB',
    request: dumb.DRM_IOCTL_MODE_MAP_DUMB,
    struct: dumb.drmModeMapDumb,
    waits: 'now',
  },
  {
    name: 'DRM_IOCTL_MODE_DESTROY_DUMB',
    request: dumb.DRM_IOCTL_MODE_DESTROY_DUMB,
    struct: dumb.drmModeDestroyDumb,
    waits: 'now',
  },
]

export const drmRequests: readonly Request[] = [...core, ...vgemFences, ...modes]
