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
  // VBLANK_HIGH_CRTC, DUMB_PREFERRED_DEPTH, DUMB_PREFER_SHADOW
  [0x2, 1],
  [0x3, 24],
  [0x4, 0],
  [drm.DRM_CAP_PRIME, drm.DRM_PRIME_CAP_IMPORT | drm.DRM_PRIME_CAP_EXPORT],
  [drm.DRM_CAP_TIMESTAMP_MONOTONIC, 1],
  // ASYNC_PAGE_FLIP, CURSOR_WIDTH, CURSOR_HEIGHT
  [0x7, 0],
  [0x8, 64],
  [0x9, 64],
  [drm.DRM_CAP_ADDFB2_MODIFIERS, 1],
  // PAGE_FLIP_TARGET
  [0x11, 0],
  [drm.DRM_CAP_CRTC_IN_VBLANK_EVENT, 1],
  // SYNCOBJ, SYNCOBJ_TIMELINE, ATOMIC_ASYNC_PAGE_FLIP
  [0x13, 0],
  [0x14, 0],
  [0x15, 0],
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
