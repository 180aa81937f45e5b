/** Checks of arguments that are objects of this package, or described by them; see uapi/arguments.ts. */

import type { DrmModeModeinfo } from '../abi/drm-mode.ts'
import * as check from '../syscalls/arguments.ts'
import type { Syscalls } from '../syscalls/syscalls.ts'
import { type PictureLayout, planeCount, planesOf, strideOf } from './image-format.ts'
import { checkFormat } from './pixel-format.ts'

/** The waist of `kernel`. ERR_INVALID_ARG_TYPE for anything else, its `sys` included. */
export function sysOf(kernel: unknown): Syscalls {
  const expected = 'a Kernel, the object that the program is called with'
  check.having('kernel', kernel, expected, 'sys')
  const { sys } = kernel as { sys: unknown }
  check.having('kernel.sys', sys, 'the system calls of a Kernel', 'open', 'ioctl', 'poll')
  return sys as Syscalls
}

/** `value` has a descriptor and a size. The error of a closed one is its own. */
export function checkBuffer(name: string, value: unknown): void {
  check.having(name, value, 'a DmaBuf', 'fd', 'size')
  check.descriptor(`${name}.fd`, (value as { fd: unknown }).fd)
}

/** As `checkBuffer`, for the memfd of a udmabuf. */
export function checkMemfd(name: string, value: unknown): void {
  check.having(name, value, 'a Memfd', 'fd', 'size')
  const { fd, size } = value as { fd: unknown; size: unknown }
  check.descriptor(`${name}.fd`, fd)
  check.integer(`${name}.size`, size)
}

export function checkSyncFile(name: string, value: unknown): void {
  check.having(name, value, 'a SyncFile', 'fd')
  check.descriptor(`${name}.fd`, (value as { fd: unknown }).fd)
}

/** The part of a buffer to map: `offset` and `length` in bytes, which the kernel checks further. */
export function checkMapRange(options: { offset?: unknown; length?: unknown }): void {
  if (options.offset !== undefined) check.integer('options.offset', options.offset)
  if (options.length !== undefined) check.integer('options.length', options.length)
}

/** The size of a picture and its pixel format. */
export function checkPicture(name: string, value: unknown): void {
  check.having(name, value, 'an object with width, height and format')
  const { width, height, format } = value as Record<string, unknown>
  check.uint32(`${name}.width`, width)
  check.uint32(`${name}.height`, height)
  checkFormat(`${name}.format`, format)
}

/**
 * A picture's layout in memory. ERR_OUT_OF_RANGE also where a colour plane has no whole pitch, and for
 * another count of planes than the format has.
 */
export function checkLayout(name: string, value: unknown): void {
  checkPicture(name, value)
  const layout = value as PictureLayout
  check.uint32(`${name}.stride`, strideOf(layout))
  const { planes, format } = layout
  if (planes !== undefined) checkPlaneCount(`${name}.planes`, planes, planeCount(format))
  planesOf(layout).forEach(({ offset, stride }, i) => {
    check.uint32(`${name}.planes[${i}].stride`, stride)
    check.uint32(`${name}.planes[${i}].offset`, offset)
  })
}

function checkPlaneCount(name: string, planes: unknown, count: number): void {
  check.having(name, planes, 'an array of objects with offset and stride', 'length')
  check.integer(`${name}.length`, (planes as readonly unknown[]).length, count, count)
}

const TIMINGS = [
  ...(['hdisplay', 'hsync_start', 'hsync_end', 'htotal', 'hskew'] as const),
  ...(['vdisplay', 'vsync_start', 'vsync_end', 'vtotal', 'vscan'] as const),
] satisfies (keyof DrmModeModeinfo)[]
const WORDS = ['clock', 'vrefresh', 'flags', 'type'] satisfies (keyof DrmModeModeinfo)[]

/** A mode as `outputs()` lists it: struct drm_mode_modeinfo. */
export function checkMode(name: string, value: unknown): void {
  check.having(name, value, 'a mode, as outputs() lists them')
  const mode = value as Record<string, unknown>
  for (const timing of TIMINGS) check.integer(`${name}.${timing}`, mode[timing], 0, 0xffff)
  for (const word of WORDS) check.uint32(`${name}.${word}`, mode[word])
  const { name: modeName } = mode
  check.text(`${name}.name`, modeName)
  const { length } = new TextEncoder().encode(modeName)
  check.integer(`${name}.name.length`, length, 0, 31)
}
