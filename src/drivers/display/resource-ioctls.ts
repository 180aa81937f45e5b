/**
 * GETRESOURCES, GETCONNECTOR and GETENCODER: the parts of the card. Source: drm_mode_getresources,
 * drm_mode_getconnector and drm_mode_getencoder of Linux 6.12.
 */

import * as mode from '../../abi/drm-mode.ts'
import { type DrmCall, type DrmIoctl, drmIoctl } from '../../kernel/drm/drm-ioctl.ts'
import { putU32s, userBytes } from '../../kernel/drm/user-memory.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import { maxFrameSide, minFrameSide } from '../../media/pixel-format.ts'
import { CONNECTOR_ID, CRTC_ID, ENCODER_ID } from './card.ts'
import type { Client } from './client.ts'

/** DRM_MODE_ENCODER_VIRTUAL */
const ENCODER_VIRTUAL = 5
/** SubPixelUnknown */
const SUBPIXEL_UNKNOWN = 1

export const resourceIoctls: readonly DrmIoctl<Client>[] = [
  drmIoctl({
    request: mode.DRM_IOCTL_MODE_GETRESOURCES,
    layout: mode.drmModeCardRes,
    run: getResources,
  }),
  drmIoctl({
    request: mode.DRM_IOCTL_MODE_GETCONNECTOR,
    layout: mode.drmModeGetConnector,
    run: getConnector,
  }),
  drmIoctl({
    request: mode.DRM_IOCTL_MODE_GETENCODER,
    layout: mode.drmModeGetEncoder,
    run: getEncoder,
  }),
]

/** Each list as far as there is room; each count is how many there are, so ask twice. */
function getResources(client: Client, { args, argument }: DrmCall<mode.DrmModeCardRes>): void {
  args.min_width = minFrameSide
  args.max_width = maxFrameSide
  args.min_height = minFrameSide
  args.max_height = maxFrameSide
  const ids = {
    fb: client.framebuffers.map(({ id }) => id),
    crtc: [CRTC_ID],
    connector: [CONNECTOR_ID],
    encoder: [ENCODER_ID],
  }
  for (const kind of ['fb', 'crtc', 'connector', 'encoder'] as const) {
    const { offsets } = mode.drmModeCardRes
    putU32s(argument, offsets[`${kind}_id_ptr`], args[`count_${kind}s`], ids[kind])
    args[`count_${kind}s`] = ids[kind].length
  }
}

/** A virtual screen that is always there. It has no properties. */
function getConnector(client: Client, drm: DrmCall<mode.DrmModeGetConnector>): void {
  const { args, argument } = drm
  if (args.connector_id !== CONNECTOR_ID) throw noObject('connector', args.connector_id)
  const { crtc, mode: preferred } = client.card
  const { offsets } = mode.drmModeGetConnector
  putU32s(argument, offsets.encoders_ptr, args.count_encoders, [ENCODER_ID])
  args.count_encoders = 1
  args.connector_type = mode.DRM_MODE_CONNECTOR_VIRTUAL
  args.connector_type_id = 1
  args.connection = mode.DRM_MODE_CONNECTED
  args.mm_width = 0
  args.mm_height = 0
  args.subpixel = SUBPIXEL_UNKNOWN
  if (args.count_modes > 0) {
    const bytes = mode.drmModeModeinfo.create(preferred)
    userBytes(argument, offsets.modes_ptr, bytes.length).set(bytes)
  }
  args.count_modes = 1
  args.count_props = 0
  args.encoder_id = crtc.mode === undefined ? 0 : ENCODER_ID
}

function getEncoder(client: Client, { args }: DrmCall<mode.DrmModeGetEncoder>): void {
  if (args.encoder_id !== ENCODER_ID) throw noObject('encoder', args.encoder_id)
  args.encoder_type = ENCODER_VIRTUAL
  args.crtc_id = client.card.crtc.mode === undefined ? 0 : CRTC_ID
  args.possible_crtcs = 1
  args.possible_clones = 1
}

/** The failure for an id that the card does not have. */
export function noObject(kind: string, id: number): KernelError {
  return new KernelError('ENOENT', `there is no ${kind} ${id}`)
}
