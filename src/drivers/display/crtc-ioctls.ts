/**
 * GETCRTC, SETCRTC and PAGE_FLIP.
 * Source: drm_mode_getcrtc and drm_mode_setcrtc in drivers/gpu/drm/drm_crtc.c, and
 * drm_mode_page_flip_ioctl in drm_plane.c, of Linux 6.12, with their order of checks.
 */

import * as fb from '../../abi/drm-framebuffer.ts'
import * as mode from '../../abi/drm-mode.ts'
import { type DrmCall, type DrmIoctl, drmIoctl } from '../../kernel/drm/drm-ioctl.ts'
import { getU32s } from '../../kernel/drm/user-memory.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import { type Card, CONNECTOR_ID } from './card.ts'
import type { Client } from './client.ts'
import type { Framebuffer } from './framebuffer.ts'
import { checkMode, keptMode } from './mode.ts'
import { noObject } from './resource-ioctls.ts'
import { checkView, type View } from './view.ts'

/** In SETCRTC: the framebuffer that is shown already. */
const SAME_FRAMEBUFFER = 0xffffffff
const LARGEST_PLACE = 0xffff

export const crtcIoctls: readonly DrmIoctl<Client>[] = [
  drmIoctl({ request: mode.DRM_IOCTL_MODE_GETCRTC, layout: mode.drmModeCrtc, run: getCrtc }),
  drmIoctl({
    request: mode.DRM_IOCTL_MODE_SETCRTC,
    layout: mode.drmModeCrtc,
    master: true,
    run: setCrtc,
  }),
  drmIoctl({
    request: fb.DRM_IOCTL_MODE_PAGE_FLIP,
    layout: fb.drmModeCrtcPageFlip,
    master: true,
    run: pageFlip,
  }),
]

function getCrtc({ card }: Client, { args }: DrmCall<mode.DrmModeCrtc>): void {
  requireCrtc(card, args.crtc_id)
  const { view, mode: current } = card.crtc
  args.fb_id = view?.framebuffer.id ?? 0
  args.x = view?.x ?? 0
  args.y = view?.y ?? 0
  args.gamma_size = 0
  args.mode_valid = current === undefined ? 0 : 1
  if (current !== undefined) Object.assign(args.mode, current)
}

/** May sleep: until a flip that waits is done, and until the new picture is on screen. */
async function setCrtc(client: Client, drm: DrmCall<mode.DrmModeCrtc>): Promise<void> {
  const { args, call } = drm
  const { card } = client
  if (args.x > LARGEST_PLACE || args.y > LARGEST_PLACE) {
    throw new KernelError('ERANGE', `the place ${args.x},${args.y} is beyond ${LARGEST_PLACE}`)
  }
  requireCrtc(card, args.crtc_id)
  const wanted = args.mode_valid === 0 ? undefined : wantedView(card, args)
  checkConnectors(drm, wanted !== undefined)
  if (wanted === undefined) {
    await card.crtc.idle(call.signal)
    card.crtc.turnOff()
    return
  }
  const { mode: shown } = mode.drmModeCrtc.decode(drm.argument.bytes)
  await card.framebuffers.holding(wanted.framebuffer, async () => {
    await card.crtc.idle(call.signal)
    client.requireOpen()
    await card.crtc.show(keptMode(shown), wanted)
  })
}

/**
 * May sleep, until the buffers are mapped. Shows another framebuffer from the next vertical blank on, and does not wait
 * for that.
 */
async function pageFlip(
  client: Client,
  { args, argument }: DrmCall<fb.DrmModeCrtcPageFlip>,
): Promise<void> {
  const { card } = client
  checkFlipFlags(args)
  requireCrtc(card, args.crtc_id)
  const shown = requireOn(card)
  const framebuffer = card.framebuffers.find(args.fb_id)
  const view = { ...shown, framebuffer }
  checkView(view)
  if (framebuffer.format !== shown.framebuffer.format) {
    throw new KernelError(
      'EINVAL',
      `a flip cannot change the format from ${shown.framebuffer.format.name} to ${framebuffer.format.name}: SETCRTC can`,
    )
  }
  await card.framebuffers.holding(framebuffer, () => {
    // Mapping may sleep.
    client.requireOpen()
    requireOn(card)
    startFlip(client, view, { args, argument })
  })
}

function startFlip(
  { card, events }: Client,
  view: View,
  { args, argument }: Pick<DrmCall<fb.DrmModeCrtcPageFlip>, 'args' | 'argument'>,
): void {
  if ((args.flags & fb.DRM_MODE_PAGE_FLIP_EVENT) === 0) {
    card.crtc.flip(view, () => {})
    return
  }
  const at = fb.drmModeCrtcPageFlip.offsets.user_data
  const userData = argument.bytes.slice(at, at + 8)
  events.reserve()
  try {
    card.crtc.flip(view, (sequence) => {
      const time = card.machine.scheduler.now
      events.deliver({ userData, time, sequence, crtc: card.crtc.id })
    })
  } catch (error) {
    events.cancel()
    throw error
  }
}

/** The view that is shown. EBUSY. */
function requireOn({ crtc }: Card): View {
  if (crtc.view !== undefined) return crtc.view
  const why = `CRTC ${crtc.id} is off, because no mode was set`
  throw new KernelError('EBUSY', `${why}: SETCRTC comes before the first flip`)
}

function requireCrtc(card: Card, id: number): void {
  if (id !== card.crtc.id) throw noObject('CRTC', id)
}

function wantedView(card: Card, args: mode.DrmModeCrtc): View {
  const framebuffer = wantedFramebuffer(card, args.fb_id)
  checkMode(args.mode)
  const { hdisplay: width, vdisplay: height } = args.mode
  const view = { framebuffer, x: args.x, y: args.y, width, height }
  checkView(view)
  return view
}

function wantedFramebuffer(card: Card, id: number): Framebuffer {
  if (id !== SAME_FRAMEBUFFER) return card.framebuffers.find(id)
  const shown = card.crtc.view
  if (shown === undefined)
    throw new KernelError('EINVAL', 'fb_id is -1, which keeps the framebuffer, and none is shown')
  return shown.framebuffer
}

function checkConnectors({ args, argument }: DrmCall<mode.DrmModeCrtc>, on: boolean): void {
  const count = args.count_connectors
  if (on !== count > 0) {
    const why = on ? 'a mode needs a connector' : 'connectors need a mode and a framebuffer'
    throw new KernelError('EINVAL', why)
  }
  if (count > 1)
    throw new KernelError('EINVAL', `${count} connectors are given, and the card has one`)
  const ids = getU32s(argument, mode.drmModeCrtc.offsets.set_connectors_ptr, count)
  for (const id of ids) if (id !== CONNECTOR_ID) throw noObject('connector', id)
}

/** A flip at once, or at a vertical blank of one's choice, is not done by this card. */
function checkFlipFlags({ flags, reserved }: fb.DrmModeCrtcPageFlip): void {
  if ((flags & ~fb.DRM_MODE_PAGE_FLIP_EVENT) !== 0) {
    throw new KernelError('EINVAL', `flags are 0x${flags.toString(16)}: EVENT is known here`)
  }
  if (reserved !== 0) throw new KernelError('EINVAL', 'reserved is not 0')
}
