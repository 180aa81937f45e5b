/**
 * Dumb buffers and closing handles.
 * Source: drivers/gpu/drm/drm_dumb_buffers.c, drm_gem_handle_delete and drm_gem_dumb_map_offset in
 * drm_gem.c, drm_gem_shmem_dumb_create in drm_gem_shmem_helper.c, of Linux 6.12.
 */

import { DRM_IOCTL_GEM_CLOSE, drmGemClose } from '../../abi/drm.ts'
import * as dumb from '../../abi/drm-dumb.ts'
import { PAGE_SIZE } from '../../abi/fcntl.ts'
import { alignUp, U32_MAX } from '../../base/bits.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import type { DrmClient } from './drm-client.ts'
import { type DrmCall, type DrmIoctl, drmIoctl } from './drm-ioctl.ts'

/** Of any device that makes buffers in plain memory. */
export const gemIoctls: readonly DrmIoctl[] = [
  drmIoctl({
    request: DRM_IOCTL_GEM_CLOSE,
    layout: drmGemClose,
    run: ({ handles }, { args }) => handles.close(args.handle),
  }),
  drmIoctl({
    request: dumb.DRM_IOCTL_MODE_CREATE_DUMB,
    layout: dumb.drmModeCreateDumb,
    run: create,
  }),
  drmIoctl({
    request: dumb.DRM_IOCTL_MODE_MAP_DUMB,
    layout: dumb.drmModeMapDumb,
    run({ handles, card }, { args }) {
      const object = handles.get(args.handle)
      if (object.attachment !== undefined) {
        throw new KernelError('EINVAL', 'the buffer is imported: map its dma-buf')
      }
      args.offset = card.objects.mapOffset(object)
    },
  }),
  drmIoctl({
    request: dumb.DRM_IOCTL_MODE_DESTROY_DUMB,
    layout: dumb.drmModeDestroyDumb,
    run: ({ handles }, { args }) => handles.close(args.handle),
  }),
]

function create(client: DrmClient, { args }: DrmCall<dumb.DrmModeCreateDumb>): void {
  const { width, height, bpp } = args
  args.handle = 0
  args.pitch = 0
  args.size = 0
  checkDumb(width, height, bpp)
  const pitch = alignUp(Math.ceil((width * bpp) / 8), client.card.objects.strideStep)
  const size = alignUp(pitch * height, PAGE_SIZE)
  args.handle = client.handles.open(client.card.objects.create(size))
  args.pitch = pitch
  args.size = size
}

/** The kernel reckons with 32 bits: nothing may wrap around. */
function checkDumb(width: number, height: number, bpp: number): void {
  if (width === 0 || height === 0 || bpp === 0) {
    throw new KernelError(
      'EINVAL',
      `${width}x${height} pixels of ${bpp} bits are not a valid buffer`,
    )
  }
  const stride = Math.ceil(bpp / 8) * width
  if (bpp > U32_MAX - 8 || alignUp(stride * height, PAGE_SIZE) > U32_MAX) {
    throw new KernelError('EINVAL', `${width}x${height} pixels of ${bpp} bits are over 4 GiB`)
  }
}
