/**
 * The common part of open files of DRM devices. Source: drm_gem_mmap in drivers/gpu/drm/drm_gem.c
 * of Linux 6.12.
 */

import { DRM_IOCTL_GEM_CLOSE, drmGemClose } from '../../abi/drm.ts'
import { DRM_IOCTL_MODE_DESTROY_DUMB } from '../../abi/drm-dumb.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import type { MappedPages, MapRequest, UserMemory } from '../dmabuf/file.ts'
import type { DrmClient } from './drm-client.ts'

/**
 * Part of a dumb buffer, from the offset that MAP_DUMB gave. EINVAL for another offset, for more than
 * there is and for a private mapping; EACCES when this file has no handle for it.
 */
export function mapObject(
  { card, handles }: DrmClient,
  { offset, length, shared }: MapRequest,
): MappedPages {
  const object = card.objects.atOffset(offset)
  if (object === undefined || length > object.buffer.size) {
    throw new KernelError('EINVAL', `no buffer of ${length} bytes is at ${offset}: see MAP_DUMB`)
  }
  if (!handles.has(object))
    throw new KernelError(
      'EACCES',
      `this open file has no handle for the buffer at ${offset}: map it through the file that made it, or import it`,
    )
  if (!shared) throw new KernelError('EINVAL', 'a buffer cannot be mapped MAP_PRIVATE')
  const { buffer } = object
  const pages = card.core.mmap(buffer, 0, length)
  card.objects.get(object)
  return { buffer, offset: 0, pages, unmapped: () => card.objects.put(object) }
}

/** A request with an injected failure `errno` (negative): emitted if it would close a handle. */
export function refusedRequest(
  { handles }: DrmClient,
  request: number,
  { bytes }: UserMemory,
  errno: number,
): void {
  if (request !== DRM_IOCTL_GEM_CLOSE && request !== DRM_IOCTL_MODE_DESTROY_DUMB) return
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  handles.refused(view.getUint32(drmGemClose.offsets.handle, true), errno)
}
