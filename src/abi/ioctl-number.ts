import { assert } from '../base/assert.ts'

/** Which way an ioctl's structure travels, seen from the program. */
export type IoctlDirection = 'none' | 'write' | 'read' | 'read-write'

/** The parts of an ioctl number. */
export interface IoctlParts {
  readonly direction: IoctlDirection
  /** The driver's letter, as `b` for dma-buf. */
  readonly type: string
  /** 0 to 255. */
  readonly nr: number
  /** Bytes of the structure, 0 to 16383. */
  readonly size: number
}

const directions: readonly IoctlDirection[] = ['none', 'write', 'read', 'read-write']

/**
 * The ioctl number of `parts`, unsigned: direction in bits 30-31, size in 16-29, type in 8-15, nr below.
 * Throws an AssertionError for a part that does not fit.
 *
 * Source: include/uapi/asm-generic/ioctl.h.
 */
export function ioctlNumber(parts: IoctlParts): number {
  const { direction, type, nr, size } = parts
  assert(
    type.length === 1 && type.charCodeAt(0) < 256,
    `ioctl type '${type}' is not a single letter`,
  )
  assert(Number.isInteger(nr) && nr >= 0 && nr < 256, `ioctl nr ${nr} is not in 0..255`)
  assert(
    Number.isInteger(size) && size >= 0 && size < 1 << 14,
    `ioctl size ${size} is over 14 bits`,
  )
  const high = (directions.indexOf(direction) << 30) | (size << 16)
  return (high | (type.charCodeAt(0) << 8) | nr) >>> 0
}

/** Takes an ioctl number apart; the inverse of `ioctlNumber`. */
export function decodeIoctl(request: number): IoctlParts {
  return {
    direction: directions[request >>> 30] as IoctlDirection,
    type: String.fromCharCode((request >>> 8) & 0xff),
    nr: request & 0xff,
    size: ioctlSize(request),
  }
}

/** The bytes of structure that `request` announces. */
export function ioctlSize(request: number): number {
  return (request >>> 16) & 0x3fff
}

/** The header files' `_IO`: no structure. */
export function io(type: string, nr: number): number {
  return ioctlNumber({ direction: 'none', type, nr, size: 0 })
}

/** The header files' `_IOW`: the kernel reads `size` bytes. */
export function iow(type: string, nr: number, size: number): number {
  return ioctlNumber({ direction: 'write', type, nr, size })
}

/** The header files' `_IOR`: the kernel writes `size` bytes. */
export function ior(type: string, nr: number, size: number): number {
  return ioctlNumber({ direction: 'read', type, nr, size })
}

/** The header files' `_IOWR`: the kernel reads and then writes `size` bytes. */
export function iowr(type: string, nr: number, size: number): number {
  return ioctlNumber({ direction: 'read-write', type, nr, size })
}
