/**
 * PRIME: dma-bufs to handles and back.
 * Source: drm_gem_prime_fd_to_handle and drm_gem_prime_handle_to_fd in drivers/gpu/drm/drm_prime.c of
 * Linux 6.12.
 */

import * as drm from '../../abi/drm.ts'
import { O_ACCMODE, O_CLOEXEC } from '../../abi/fcntl.ts'
import { onlyBits } from '../../base/bits.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import { dmaBufFd } from '../dmabuf/dma-buf-fd.ts'
import { dmaBufOf } from '../dmabuf/dma-buf-file.ts'
import type { CallerFiles, IoctlCall } from '../dmabuf/file.ts'
import type { DrmClient } from './drm-client.ts'
import { type DrmIoctl, drmIoctl } from './drm-ioctl.ts'

export const primeIoctls: readonly DrmIoctl[] = [
  drmIoctl({
    request: drm.DRM_IOCTL_PRIME_FD_TO_HANDLE,
    layout: drm.drmPrimeHandle,
    async run(client, { args, call }) {
      args.handle = await client.primeLock.run(() => importBuffer(client, args.fd, call))
    },
  }),
  drmIoctl({
    request: drm.DRM_IOCTL_PRIME_HANDLE_TO_FD,
    layout: drm.drmPrimeHandle,
    run(client, { args, call }) {
      if (!onlyBits(args.flags, drm.DRM_CLOEXEC | drm.DRM_RDWR)) {
        throw new KernelError(
          'EINVAL',
          `flags are 0x${args.flags.toString(16)}: CLOEXEC and RDWR are known`,
        )
      }
      args.fd = exportBuffer(client, args.handle, args.flags, call.files)
    },
  }),
]

/** May sleep. The handle for the dma-buf behind `fd`. EBADF, EINVAL; the exporter's errors pass. */
async function importBuffer(client: DrmClient, fd: number, call: IoctlCall): Promise<number> {
  const { files, signal } = call
  const file = files.lookup(fd)
  if (file === undefined) throw new KernelError('EBADF', `fd ${fd} is not open`)
  const buffer = dmaBufOf(file)
  if (buffer === undefined)
    throw new KernelError('EINVAL', `fd ${fd} is ${file.what}, and not a dma-buf`)
  const { handles, card } = client
  const known = handles.again(buffer)
  if (known !== undefined) return known
  const object = await card.objects.importBuffer(buffer, file.flags & O_ACCMODE, signal)
  try {
    client.requireOpen()
  } catch (error) {
    card.objects.put(object)
    throw error
  }
  const handle = handles.open(object)
  handles.prime(handle)
  return handle
}

/**
 * A descriptor for the dma-buf of `handle`; the first export decides its access mode. EMFILE comes
 * before ENOENT.
 */
function exportBuffer(
  client: DrmClient,
  handle: number,
  flags: number,
  files: CallerFiles,
): number {
  const { core } = client.card
  files.requireFree()
  const object = client.handles.get(handle)
  client.handles.prime(handle)
  object.fileFlags ??= flags & O_ACCMODE
  const buffer = core.get(object.buffer)
  try {
    return dmaBufFd(client.card, buffer, object.fileFlags | (flags & O_CLOEXEC), files)
  } catch (error) {
    core.put(buffer)
    throw error
  }
}
