/**
 * The requests of vgem besides its fences: a DRM device that renders and sets no modes. Source:
 * drivers/gpu/drm/drm_ioctl.c (drm_getcap, drm_ioctls) and drivers/gpu/drm/vgem/vgem_drv.c of Linux
 * 6.12.
 */

import * as drm from '../../abi/drm.ts'
import { DrmIoctls, drmIoctl } from '../../kernel/drm/drm-ioctl.ts'
import { gemIoctls } from '../../kernel/drm/gem-ioctls.ts'
import { primeIoctls } from '../../kernel/drm/prime-ioctls.ts'
import { versionIoctl } from '../../kernel/drm/version-ioctl.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import { fenceIoctls } from './fence-ioctls.ts'
import type { VgemClient } from './vgem-client.ts'

/** The capabilities that a device without modes has a value for; of others it has none at all. */
const CAPABILITIES: ReadonlyMap<number, number> = new Map([
  [drm.DRM_CAP_PRIME, drm.DRM_PRIME_CAP_IMPORT | drm.DRM_PRIME_CAP_EXPORT],
  [drm.DRM_CAP_TIMESTAMP_MONOTONIC, 1],
  [drm.DRM_CAP_SYNCOBJ, 0],
  [drm.DRM_CAP_SYNCOBJ_TIMELINE, 0],
])

const getCap = drmIoctl({
  request: drm.DRM_IOCTL_GET_CAP,
  layout: drm.drmGetCap,
  run(_client, { args }) {
    args.value = 0
    const value = CAPABILITIES.get(args.capability)
    if (value === undefined) throw noModes()
    args.value = value
  },
})

export const vgemIoctls: DrmIoctls<VgemClient> = new DrmIoctls<VgemClient>(
  [],
  [
    versionIoctl({ name: 'vgem', date: '20120112', desc: 'Virtual GEM provider' }),
    getCap,
    ...gemIoctls,
    ...primeIoctls,
    ...fenceIoctls,
  ],
)

function noModes(): KernelError {
  return new KernelError('EOPNOTSUPP', 'vgem has no display: this is for devices that set modes')
}
