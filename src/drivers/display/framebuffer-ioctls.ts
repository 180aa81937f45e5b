/**
 * ADDFB2 and RMFB. Source: drm_mode_addfb2 and drm_mode_rmfb in drivers/gpu/drm/drm_framebuffer.c.
 */

import * as fb from '../../abi/drm-framebuffer.ts'
import { type DrmCall, type DrmIoctl, drmIoctl } from '../../kernel/drm/drm-ioctl.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import type { Client } from './client.ts'

export const framebufferIoctls: readonly DrmIoctl<Client>[] = [
  drmIoctl({
    request: fb.DRM_IOCTL_MODE_ADDFB2,
    layout: fb.drmModeFbCmd2,
    run(client, { args, argument }) {
      const request = fb.drmModeFbCmd2.decode(argument.bytes)
      const framebuffer = client.card.framebuffers.add(request, client.handles)
      client.framebuffers.unshift(framebuffer)
      args.fb_id = framebuffer.id
    },
  }),
  drmIoctl({ request: fb.DRM_IOCTL_MODE_RMFB, layout: fb.drmModeRmFb, run: remove }),
]

/** May sleep, when it is on screen and a flip waits: turning off comes after that. */
async function remove(client: Client, { args }: DrmCall<fb.DrmModeRmFb>): Promise<void> {
  const { card, framebuffers } = client
  const framebuffer = card.framebuffers.find(args.fb_id)
  const index = framebuffers.indexOf(framebuffer)
  if (index === -1) {
    throw new KernelError('ENOENT', `framebuffer ${args.fb_id} was added by another open file`)
  }
  framebuffers.splice(index, 1)
  if (card.crtc.shows(framebuffer)) await card.crtc.idle()
  if (card.crtc.shows(framebuffer)) card.crtc.turnOff()
  card.framebuffers.forget(framebuffer)
}
