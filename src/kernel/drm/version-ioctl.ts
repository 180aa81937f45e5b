/**
 * VERSION: which driver it is. Source: drm_version and drm_copy_field in
 * drivers/gpu/drm/drm_ioctl.c of Linux 6.12.
 */
import * as drm from '../../abi/drm.ts'
import { pointee } from '../../syscalls/pointee.ts'
import { type DrmCall, type DrmIoctl, drmIoctl } from './drm-ioctl.ts'
import { userBytes } from './user-memory.ts'

/** A driver's name for itself. */
export interface DrmDriverText {
  readonly name: string
  readonly date: string
  readonly desc: string
}

/** Answers with version 1.0.0 and these texts. */
export function versionIoctl(text: DrmDriverText): DrmIoctl {
  return drmIoctl({
    request: drm.DRM_IOCTL_VERSION,
    layout: drm.drmVersion,
    run(_client, call) {
      call.args.version_major = 1
      call.args.version_minor = 0
      call.args.version_patchlevel = 0
      for (const field of ['name', 'date', 'desc'] as const) putText(call, field, text[field])
    },
  })
}

/** As much as there is room for, without a NUL, and the length of the whole. NULL: the length alone. */
function putText(
  { args, argument }: DrmCall<drm.DrmVersion>,
  field: keyof DrmDriverText,
  value: string,
): void {
  const text = new TextEncoder().encode(value)
  const length = Math.min(args[`${field}_len`], text.length)
  args[`${field}_len`] = text.length
  const at = drm.drmVersion.offsets[field]
  if (pointee(argument, at) === 'null') return
  userBytes(argument, at, length).set(text.subarray(0, length))
}
