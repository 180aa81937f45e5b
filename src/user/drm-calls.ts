import * as drm from '../abi/drm.ts'
import { drmGemClose, drmGetCap, drmPrimeHandle } from '../abi/drm.ts'
import { DRM_IOCTL_MODE_DESTROY_DUMB, drmModeDestroyDumb } from '../abi/drm-dumb.ts'
import * as fb from '../abi/drm-framebuffer.ts'
import * as kms from '../abi/drm-mode.ts'
import { errno } from '../abi/errno.ts'
import { type IoctlArg, plainArg } from '../syscalls/ioctl-arg.ts'
import { type Calls, possibly } from './calls.ts'
import { timingsOf } from './drm-mode.ts'
import { type PictureLayout, planesOf, strideOf } from './image-format.ts'
import { fourcc } from './pixel-format.ts'

/** The picture and mode for a CRTC. */
export interface CrtcSetting {
  readonly crtc: number
  /** Connector ids. */
  readonly connectors: readonly number[]
  /** A framebuffer's id. */
  readonly framebuffer: number
  readonly mode: kms.DrmModeModeinfo
}

/** A picture in a GEM handle. */
export type FramebufferSetting = PictureLayout & { readonly handle: number }

const notMaster = 'another program holds the display: stop it, or switch to a free virtual terminal'

/** An argument whose field at `offset` points at `ids`. */
export function argWithIds(bytes: Uint8Array, offset: number, ids: readonly number[]): IoctlArg {
  const target = new Uint8Array(new Uint32Array(ids).buffer)
  return { bytes, pointers: new Map([[offset, plainArg(target)]]) }
}

/** May sleep. GET_CAP; 0 for a capability that the driver does not know. */
export async function getCap(calls: Calls, fd: number, capability: number): Promise<number> {
  const bytes = drmGetCap.create({ capability })
  await calls.ioctl(fd, drm.DRM_IOCTL_GET_CAP, plainArg(bytes), {
    why: () => ({ ENOTTY: 'this is not a DRM device: displays are at /dev/dri/card*' }),
  })
  return drmGetCap.decode(bytes).value
}

/**
 * May sleep. Why the card `fd` cannot show a picture that is imported into it, as the end of a sentence;
 * undefined where it can. A screen need not be attached.
 */
export async function whyNoDisplay(calls: Calls, fd: number): Promise<string | undefined> {
  const cap = drmGetCap.create({ capability: drm.DRM_CAP_PRIME })
  const expect = [-errno.ENOTTY, -errno.EINVAL, -errno.EOPNOTSUPP]
  const ask = (request: number, bytes: Uint8Array): Promise<number> =>
    calls.ioctl(fd, request, plainArg(bytes), { expect })
  if ((await ask(drm.DRM_IOCTL_GET_CAP, cap)) < 0) return 'is not a DRM device'
  if ((drmGetCap.decode(cap).value & drm.DRM_PRIME_CAP_IMPORT) === 0) return 'imports no dma-bufs'
  const resources = kms.drmModeCardRes.create()
  const result = await ask(kms.DRM_IOCTL_MODE_GETRESOURCES, resources)
  const { count_crtcs, count_connectors } = kms.drmModeCardRes.decode(resources)
  return result < 0 || count_crtcs === 0 || count_connectors === 0 ? 'drives no screen' : undefined
}

/** May sleep. PRIME_FD_TO_HANDLE. */
export async function fdToHandle(calls: Calls, fd: number, buffer: number): Promise<number> {
  const bytes = drmPrimeHandle.create({ fd: buffer })
  await calls.ioctl(fd, drm.DRM_IOCTL_PRIME_FD_TO_HANDLE, plainArg(bytes), {
    why: () => ({
      EBADF: `the buffer's descriptor ${buffer} is not open: import before closing it`,
      EINVAL: possibly(
        `descriptor ${buffer} is not a dma-buf, this driver cannot show foreign memory, or it takes ` +
          'contiguous memory only: allocate from a heap of such memory (linux,cma), or from the device',
      ),
      EIO: possibly(
        'the device cannot reach the memory, and bouncing it failed: allocate from another heap',
      ),
    }),
  })
  return drmPrimeHandle.decode(bytes).handle
}

/** May sleep. PRIME_HANDLE_TO_FD, mappable for writing. */
export async function handleToFd(calls: Calls, fd: number, handle: number): Promise<number> {
  const flags = drm.DRM_CLOEXEC | drm.DRM_RDWR
  const bytes = drmPrimeHandle.create({ handle, flags, fd: -1 })
  await calls.ioctl(fd, drm.DRM_IOCTL_PRIME_HANDLE_TO_FD, plainArg(bytes), {
    why: () => ({ ENOENT: possibly(`handle ${handle} is not open on this device`) }),
  })
  return drmPrimeHandle.decode(bytes).fd
}

/** May sleep. GEM_CLOSE. */
export async function gemClose(calls: Calls, fd: number, handle: number): Promise<void> {
  const argument = plainArg(drmGemClose.create({ handle }))
  await calls.ioctl(fd, drm.DRM_IOCTL_GEM_CLOSE, argument, {
    why: () => ({
      EINVAL: `handle ${handle} is not open: a handle is closed once, even if it was imported several times`,
    }),
  })
}

/** May sleep. DESTROY_DUMB. */
export async function destroyDumb(calls: Calls, fd: number, handle: number): Promise<void> {
  const argument = plainArg(drmModeDestroyDumb.create({ handle }))
  await calls.ioctl(fd, DRM_IOCTL_MODE_DESTROY_DUMB, argument, {
    why: () => ({ EINVAL: `handle ${handle} is not open: it was closed already` }),
  })
}

/** May sleep. ADDFB2; returns the framebuffer's id. */
export async function addFramebuffer(
  calls: Calls,
  fd: number,
  setting: FramebufferSetting,
): Promise<number> {
  const { handle, width, height, format } = setting
  const planes = planesOf(setting)
  const bytes = fb.drmModeFbCmd2.create({
    width,
    height,
    pixel_format: fourcc(format),
    handles: planes.map(() => handle),
    pitches: planes.map(({ stride }) => stride),
    offsets: planes.map(({ offset }) => offset),
  })
  await calls.ioctl(fd, fb.DRM_IOCTL_MODE_ADDFB2, plainArg(bytes), {
    why: () => ({
      EINVAL: possibly(
        `the display cannot show ${width}x${height} '${format}' with ${strideOf(setting)} bytes ` +
          "a line: try 'XR24', another width, or a buffer as large as the picture",
      ),
      ENOENT: possibly(`handle ${handle} is not open on this device`),
      EOPNOTSUPP: possibly('this device drives no screen: try another /dev/dri/card*'),
    }),
  })
  return fb.drmModeFbCmd2.decode(bytes).fb_id
}

/** May sleep. RMFB. */
export async function removeFramebuffer(calls: Calls, fd: number, id: number): Promise<void> {
  const argument = plainArg(fb.drmModeRmFb.create({ fb_id: id }))
  await calls.ioctl(fd, fb.DRM_IOCTL_MODE_RMFB, argument, {
    why: () => ({ ENOENT: possibly(`there is no framebuffer ${id}: it was removed already`) }),
  })
}

/** May sleep. SETCRTC. */
export async function setCrtc(calls: Calls, fd: number, setting: CrtcSetting): Promise<void> {
  const { crtc, connectors, framebuffer, mode } = setting
  const bytes = kms.drmModeCrtc.create({
    crtc_id: crtc,
    fb_id: framebuffer,
    count_connectors: connectors.length,
    mode_valid: 1,
    mode: timingsOf(mode),
  })
  const argument = argWithIds(bytes, kms.drmModeCrtc.offsets.set_connectors_ptr, connectors)
  await calls.ioctl(fd, kms.DRM_IOCTL_MODE_SETCRTC, argument, {
    why: () => ({
      EACCES: notMaster,
      EINVAL: possibly(
        `the display refused the mode ${mode.hdisplay}x${mode.vdisplay}: see outputs() for its modes`,
      ),
      ENOENT: possibly(
        `there is no CRTC ${crtc}, no framebuffer ${framebuffer}, or no connector ${connectors.join(', ')}: ` +
          'outputs() lists CRTCs and connectors, addFramebuffer creates framebuffers',
      ),
      ENOSPC: possibly(`the picture is smaller than the mode ${mode.hdisplay}x${mode.vdisplay}`),
    }),
  })
}

/** May sleep. SETCRTC with nothing: the CRTC is off. */
export async function disableCrtc(calls: Calls, fd: number, crtc: number): Promise<void> {
  const argument = plainArg(kms.drmModeCrtc.create({ crtc_id: crtc }))
  await calls.ioctl(fd, kms.DRM_IOCTL_MODE_SETCRTC, argument, {
    why: () => ({ EACCES: notMaster }),
  })
}

/** May sleep. PAGE_FLIP with an event that carries `userData`. */
export async function pageFlip(
  calls: Calls,
  fd: number,
  flip: { crtc: number; framebuffer: number; userData: number },
): Promise<void> {
  const bytes = fb.drmModeCrtcPageFlip.create({
    crtc_id: flip.crtc,
    fb_id: flip.framebuffer,
    flags: fb.DRM_MODE_PAGE_FLIP_EVENT,
    user_data: flip.userData,
  })
  await calls.ioctl(fd, fb.DRM_IOCTL_MODE_PAGE_FLIP, plainArg(bytes), {
    why: () => ({
      EBUSY: possibly(
        'the CRTC is off (call setCrtc first), or a flip is still pending (wait for its event)',
      ),
      EINVAL: possibly('the picture has another size or format than the one shown: setCrtc first'),
      ENOENT: possibly(`there is no CRTC ${flip.crtc}, or no framebuffer ${flip.framebuffer}`),
      EACCES: notMaster,
    }),
  })
}
