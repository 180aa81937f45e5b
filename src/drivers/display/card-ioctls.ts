/**
 * VERSION and GET_CAP. Source: drm_getcap in drivers/gpu/drm/drm_ioctl.c of Linux 6.12.
 */

import * as drm from '../../abi/drm.ts'
import { type DrmIoctl, drmIoctl } from '../../kernel/drm/drm-ioctl.ts'
import { versionIoctl } from '../../kernel/drm/version-ioctl.ts'
import { KernelError } from '../../machine/kernel-error.ts'

/** The capabilities of a card that sets modes, as this one answers them; others are EINVAL. */
const CAPABILITIES: ReadonlyMap<number, number> = new Map([
  [drm.DRM_CAP_DUMB_BUFFER, 1],
  [drm.DRM_CAP_VBLANK_HIGH_CRTC, 1],
  [drm.DRM_CAP_DUMB_PREFERRED_DEPTH, 24],
  [drm.DRM_CAP_DUMB_PREFER_SHADOW, 0],
  [drm.DRM_CAP_PRIME, drm.DRM_PRIME_CAP_IMPORT | drm.DRM_PRIME_CAP_EXPORT],
  [drm.DRM_CAP_TIMESTAMP_MONOTONIC, 1],
  [drm.DRM_CAP_ASYNC_PAGE_FLIP, 0],
  [drm.DRM_CAP_CURSOR_WIDTH, 64],
  [drm.DRM_CAP_CURSOR_HEIGHT, 64],
  [drm.DRM_CAP_ADDFB2_MODIFIERS, 1],
  [drm.DRM_CAP_PAGE_FLIP_TARGET, 0],
  [drm.DRM_CAP_CRTC_IN_VBLANK_EVENT, 1],
  [drm.DRM_CAP_SYNCOBJ, 0],
  [drm.DRM_CAP_SYNCOBJ_TIMELINE, 0],
  [drm.DRM_CAP_ATOMIC_ASYNC_PAGE_FLIP, 0],
])

export const cardIoctls: readonly DrmIoctl[] = [
  versionIoctl({ name: 'simdrm', date: '0', desc: 'simulated display' }),
  drmIoctl({
    request: drm.DRM_IOCTL_GET_CAP,
    layout: drm.drmGetCap,
    run(_client, { args }) {
      args.value = 0
      const value = CAPABILITIES.get(args.capability)
      if (value === undefined) {
        throw new KernelError('EINVAL', `capability ${args.capability} is not known`)
      }
      args.value = value
    },
  }),
]
