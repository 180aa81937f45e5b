import { errno } from '../abi/errno.ts'
import { fourccText } from '../abi/fourcc.ts'
import * as v4l2 from '../abi/v4l2.ts'
import { v4l2Capability, v4l2Fmtdesc, v4l2Format } from '../abi/v4l2-struct.ts'
import { plainArg } from '../syscalls/ioctl-arg.ts'
import { systemError } from '../syscalls/system-error.ts'
import { type Calls, possibly } from './calls.ts'
import { type ImageFormat, imageFormat } from './image-format.ts'
import { fourcc, type PixelFormat } from './pixel-format.ts'

/** Result of VIDIOC_QUERYCAP. */
export interface VideoCapability {
  readonly driver: string
  readonly card: string
  readonly bus: string
  /** V4L2_CAP_ bits of this node. */
  readonly capabilities: number
}

/** A pixel format that a camera offers. */
export interface VideoFormat {
  /** Its four-character code. */
  readonly format: PixelFormat
  readonly description: string
}

/** A picture to ask a camera for. */
export interface WantedFormat {
  /** Pixels. */
  readonly width: number
  /** Pixels. */
  readonly height: number
  /** A four-character code: `XR24` (blue, green, red, unused), `YU12` (planes Y, Cb, Cr), or another. */
  readonly format: PixelFormat
}

const type = v4l2.V4L2_BUF_TYPE_VIDEO_CAPTURE

/** May sleep. QUERYCAP. ENOTTY for a file that is not a video device. */
export async function queryCapability(calls: Calls, fd: number): Promise<VideoCapability> {
  const bytes = v4l2Capability.create()
  await calls.ioctl(fd, v4l2.VIDIOC_QUERYCAP, plainArg(bytes), {
    why: () => ({ ENOTTY: 'this is not a video device: cameras are at /dev/video*' }),
  })
  const { driver, card, bus_info, capabilities, device_caps } = v4l2Capability.decode(bytes)
  const ofNode = (capabilities & v4l2.V4L2_CAP_DEVICE_CAPS) !== 0
  return { driver, card, bus: bus_info, capabilities: ofNode ? device_caps : capabilities }
}

/** Throws ENODEV unless the device captures single-planar video by streaming. */
export function requireCapture(capability: VideoCapability, path: string): void {
  const needed = v4l2.V4L2_CAP_VIDEO_CAPTURE | v4l2.V4L2_CAP_STREAMING
  if ((capability.capabilities & needed) === needed) return
  throw systemError({
    errno: -errno.ENODEV,
    syscall: 'VIDIOC_QUERYCAP',
    path,
    detail:
      `'${capability.card}' does not capture single-planar video by streaming: a camera often has ` +
      'several nodes, of which only one does',
  })
}

/** May sleep. ENUM_FMT up to the last. */
export async function listFormats(calls: Calls, fd: number): Promise<VideoFormat[]> {
  const formats: VideoFormat[] = []
  for (;;) {
    const bytes = v4l2Fmtdesc.create({ index: formats.length, type })
    const result = await calls.ioctl(fd, v4l2.VIDIOC_ENUM_FMT, plainArg(bytes), {
      expect: [-errno.EINVAL],
    })
    if (result < 0) return formats
    const { pixelformat, description } = v4l2Fmtdesc.decode(bytes)
    formats.push({ format: fourccText(pixelformat), description })
  }
}

/** May sleep. G_FMT. */
export async function currentFormat(calls: Calls, fd: number): Promise<ImageFormat> {
  const bytes = v4l2Format.create({ type })
  await calls.ioctl(fd, v4l2.VIDIOC_G_FMT, plainArg(bytes))
  return imageFormat(v4l2Format.decode(bytes).pix)
}

/**
 * May sleep. S_FMT; the size may come back changed, the pixel format may not. `isStreaming`: the caller's
 * own stream runs. EINVAL, EBUSY.
 */
export async function negotiate(
  calls: Calls,
  fd: number,
  wanted: WantedFormat,
  isStreaming: boolean,
): Promise<ImageFormat> {
  const bytes = v4l2Format.create({ type })
  const { pix } = v4l2Format.over(bytes)
  pix.width = wanted.width
  pix.height = wanted.height
  pix.pixelformat = fourcc(wanted.format)
  pix.field = v4l2.V4L2_FIELD_ANY
  await calls.ioctl(fd, v4l2.VIDIOC_S_FMT, plainArg(bytes), {
    why: () => ({
      EBUSY: possibly(
        isStreaming
          ? 'the format is fixed while the camera streams: stop() it first'
          : 'the camera streams for another program, or for another VideoDevice of it: the format is fixed ' +
              'until that stops',
      ),
    }),
  })
  const given = imageFormat(v4l2Format.decode(bytes).pix)
  if (given.format === wanted.format) return given
  const offered = (await listFormats(calls, fd)).map(({ format }) => format).join(', ')
  throw systemError({
    errno: -errno.EINVAL,
    syscall: 'VIDIOC_S_FMT',
    fd,
    detail: `format '${wanted.format}' is not one of the camera's: choose from ${offered}`,
  })
}
