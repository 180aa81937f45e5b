/**
 * The requests of DRM that belong to a feature, as a device without the feature answers them.
 * Source: drm_ioctls in drivers/gpu/drm/drm_ioctl.c of Linux 6.12 and the first check of each handler there,
 * drm_core_check_feature.
 */
import type { DrmFeature } from './drm-client.ts'

/** Of a request: the feature that it needs, and whether only the master of the card may make it. */
export interface FeatureRequest {
  readonly feature: DrmFeature
  readonly master: boolean
}

/** Numbers of requests that only the master may make (DRM_MASTER), and of those that every file may. */
const NUMBERS: Readonly<Record<DrmFeature, { master: readonly number[]; all: readonly number[] }>> =
  {
    modeset: {
      // SETCRTC, CURSOR, SETGAMMA, SETPROPERTY, PAGE_FLIP, DIRTYFB, SETPLANE, OBJ_SETPROPERTY, CURSOR2,
      // CREATE_LEASE, LIST_LESSEES, GET_LEASE, REVOKE_LEASE
      master: [0xa2, 0xa3, 0xa5, 0xab, 0xb0, 0xb1, 0xb7, 0xba, 0xbb, 0xc6, 0xc7, 0xc8, 0xc9],
      // GETRESOURCES, GETCRTC, GETGAMMA, GETENCODER, GETCONNECTOR,
      // GETPROPERTY, GETPROPBLOB, GETFB, ADDFB, RMFB, GETPLANERESOURCES, GETPLANE, ADDFB2,
      // OBJ_GETPROPERTIES, CREATEPROPBLOB, DESTROYPROPBLOB, GETFB2, CLOSEFB
      all: [
        ...[0xa0, 0xa1, 0xa4, 0xa6, 0xa7, 0xaa, 0xac, 0xad, 0xae, 0xaf],
        ...[0xb5, 0xb6, 0xb8, 0xb9, 0xbd, 0xbe, 0xce, 0xd0],
      ],
    },
    // ATOMIC
    atomic: { master: [0xbc], all: [] },
    // WAIT_VBLANK, CRTC_GET_SEQUENCE, CRTC_QUEUE_SEQUENCE
    vblank: { master: [], all: [0x3a, 0x3b, 0x3c] },
    syncobj: {
      master: [],
      // CREATE, DESTROY, HANDLE_TO_FD, FD_TO_HANDLE, WAIT, RESET, SIGNAL, TIMELINE_WAIT, QUERY, TRANSFER,
      // TIMELINE_SIGNAL, EVENTFD
      all: [0xbf, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xca, 0xcb, 0xcc, 0xcd, 0xcf],
    },
  }

/** By number: every request that belongs to a feature. */
export const featureRequests: ReadonlyMap<number, FeatureRequest> = new Map(
  (Object.keys(NUMBERS) as DrmFeature[]).flatMap((feature) =>
    (['master', 'all'] as const).flatMap((who) =>
      NUMBERS[feature][who].map((nr): [number, FeatureRequest] => [
        nr,
        { feature, master: who === 'master' },
      ]),
    ),
  ),
)
