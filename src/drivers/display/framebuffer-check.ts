/**
 * The checks of ADDFB2. Source: drm_internal_framebuffer_create and framebuffer_check in
 * drivers/gpu/drm/drm_framebuffer.c, drm_gem_fb_init_with_funcs in drm_gem_framebuffer_helper.c, of
 * Linux 6.12.
 */

import {
  DRM_MODE_FB_INTERLACED,
  DRM_MODE_FB_MODIFIERS,
  type DrmModeFbCmd2,
} from '../../abi/drm-framebuffer.ts'
import { fourccText } from '../../abi/fourcc.ts'
import { onlyBits, U32_MAX } from '../../base/bits.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import {
  maxFrameSide,
  minFrameSide,
  type PixelFormat,
  pixelFormatOf,
} from '../../media/pixel-format.ts'
import { lineBytes, type PlaneInfo, planesOf } from '../../media/planes.ts'
import type { FramebufferPlane } from './framebuffer.ts'

/**
 * The format of a request whose numbers are sound, for a display that takes strides of multiples of
 * `strideStep` bytes. EINVAL, ERANGE.
 */
export function checkRequest(request: DrmModeFbCmd2, strideStep: number): PixelFormat {
  if (!onlyBits(request.flags, DRM_MODE_FB_INTERLACED | DRM_MODE_FB_MODIFIERS)) {
    throw new KernelError('EINVAL', `flags are 0x${request.flags.toString(16)}: MODIFIERS is known`)
  }
  checkSide('width', request.width)
  checkSide('height', request.height)
  const format = pixelFormatOf(request.pixel_format)
  if (format === undefined) {
    throw new KernelError(
      'EINVAL',
      `this display does not show format '${fourccText(request.pixel_format)}': it shows ${Object.keys(planesOf).join(', ')}`,
    )
  }
  const planes = planesOf[format.name]
  planes.forEach((plane, index) => {
    checkPlane(request, plane, index)
  })
  for (let index = planes.length; index < 4; index++) checkUnused(request, index)
  checkStep(format, request)
  checkStride(request, strideStep)
  return format
}

/** EINVAL unless the object holds the plane's last visible byte. */
export function checkFits(
  { object, offset, pitch }: FramebufferPlane,
  info: PlaneInfo,
  { width, height }: DrmModeFbCmd2,
): void {
  const needed = (height / info.down - 1) * pitch + lineBytes(info, width) + offset
  if (object.buffer.size < needed) {
    throw new KernelError(
      'EINVAL',
      `a plane at offset ${offset} with pitch ${pitch} ends at byte ${needed}, and its buffer has ${object.buffer.size} bytes`,
    )
  }
}

function checkSide(side: string, value: number): void {
  if (value < minFrameSide || value > maxFrameSide) {
    throw new KernelError(
      'EINVAL',
      `${side} is ${value} pixels: ${minFrameSide} to ${maxFrameSide} are possible`,
    )
  }
}

/** The display's own rule: a sample of chroma stands for whole pixels. */
function checkStep({ sizeStep, name }: PixelFormat, { width, height }: DrmModeFbCmd2): void {
  if (width % sizeStep === 0 && height % sizeStep === 0) return
  throw new KernelError('EINVAL', `${width}x${height} is odd, and ${name} shares chroma by two`)
}

/** As drivers check it in their fb_create hooks: of the first plane, which the others follow. */
function checkStride({ pitches }: DrmModeFbCmd2, step: number): void {
  const [pitch = 0] = pitches
  if (pitch % step === 0) return
  throw new KernelError(
    'EINVAL',
    `pitch ${pitch} is not a multiple of the ${step} bytes that this display takes`,
  )
}

function checkPlane(request: DrmModeFbCmd2, plane: PlaneInfo, index: number): void {
  const { handle, pitch, offset, modifier } = planeOf(request, index)
  const line = lineBytes(plane, Math.ceil(request.width / plane.across) * plane.across)
  if (handle === 0) throw new KernelError('EINVAL', `plane ${index} has no handle`)
  if (Math.ceil(request.height / plane.down) * pitch + offset > U32_MAX) {
    throw new KernelError('ERANGE', `plane ${index} ends beyond 4 GiB`)
  }
  if (pitch < line) {
    throw new KernelError(
      'EINVAL',
      `pitch ${pitch} of plane ${index} is less than a line of ${line} bytes`,
    )
  }
  if (modifier !== 0) {
    throw new KernelError(
      'EINVAL',
      `plane ${index} has modifier 0x${modifier.toString(16)}: this display only shows LINEAR (0)`,
    )
  }
}

function checkUnused(request: DrmModeFbCmd2, index: number): void {
  const { handle, pitch, offset, modifier } = planeOf(request, index)
  const strict = (request.flags & DRM_MODE_FB_MODIFIERS) !== 0
  if (modifier === 0 && !(strict && (handle !== 0 || pitch !== 0 || offset !== 0))) return
  throw new KernelError('EINVAL', `plane ${index} is not used by the format and is not zero`)
}

/** The numbers of one plane. */
export function planeOf(
  request: DrmModeFbCmd2,
  index: number,
): { handle: number; pitch: number; offset: number; modifier: number } {
  return {
    handle: request.handles[index] ?? 0,
    pitch: request.pitches[index] ?? 0,
    offset: request.offsets[index] ?? 0,
    modifier: request.modifier[index] ?? 0,
  }
}
