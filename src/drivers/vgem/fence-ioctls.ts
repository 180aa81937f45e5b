/**
 * VGEM_FENCE_ATTACH and VGEM_FENCE_SIGNAL.
 * Source: drivers/gpu/drm/vgem/vgem_fence.c of Linux 6.12, with its order of checks.
 */

import * as vgem from '../../abi/vgem.ts'
import { type DrmCall, type DrmIoctl, drmIoctl } from '../../kernel/drm/drm-ioctl.ts'
import type { Reservation } from '../../kernel/fence/reservation.ts'
import { usageToWaitFor } from '../../kernel/fence/usage.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import type { VgemClient } from './vgem-client.ts'

export const fenceIoctls: readonly DrmIoctl<VgemClient>[] = [
  drmIoctl({
    request: vgem.DRM_IOCTL_VGEM_FENCE_ATTACH,
    layout: vgem.drmVgemFenceAttach,
    run: attach,
  }),
  drmIoctl({
    request: vgem.DRM_IOCTL_VGEM_FENCE_SIGNAL,
    layout: vgem.drmVgemFenceSignal,
    run({ fences }: VgemClient, { args }) {
      if (args.flags !== 0) throw new KernelError('EINVAL', 'flags are not 0: none is defined')
      fences.signal(args.fence)
    },
  }),
]

/** May sleep, until the reservation lock is free. EINVAL, ENOENT, ENOMEM, EBUSY, in this order. */
async function attach(
  client: VgemClient,
  { args }: DrmCall<vgem.DrmVgemFenceAttach>,
): Promise<void> {
  if ((args.flags & ~vgem.VGEM_FENCE_WRITE) !== 0 || args.pad !== 0) {
    throw new KernelError('EINVAL', 'WRITE is the one flag there is, and pad is 0')
  }
  const { handles, card } = client
  const object = card.objects.get(handles.get(args.handle))
  try {
    const access = (args.flags & vgem.VGEM_FENCE_WRITE) === 0 ? 'read' : 'write'
    args.out_fence = await addFence(client, object.buffer.resv, access)
  } finally {
    card.objects.put(object)
  }
}

/** May sleep. The number of a new fence, which stands for such an access. */
async function addFence(
  { fences, card }: VgemClient,
  resv: Reservation,
  access: 'read' | 'write',
): Promise<number> {
  const fence = fences.create()
  try {
    if (!resv.isSignaled(usageToWaitFor(access))) {
      throw new KernelError('EBUSY', 'a fence on the buffer forbids this access so far')
    }
    await resv.run(() => {
      card.machine.faults.pass('dma_resv_reserve_fences')
      resv.reserveFences(1)
      resv.addFence(fence, access)
    })
    return fences.number(fence)
  } catch (error) {
    fences.end(fence)
    throw error
  }
}
