import { errno } from '../../abi/errno.ts'
import { POLLIN, POLLOUT, POLLPRI } from '../../abi/fcntl.ts'
import * as v4l2 from '../../abi/v4l2.ts'
import * as video from '../../abi/v4l2-struct.ts'
import type { Request, Waiting } from './request.ts'

/** Source: include/uapi/linux/videodev2.h. */
export const v4l2Requests: readonly Request[] = [
  {
    name: 'VIDIOC_QUERYCAP',
    request: v4l2.VIDIOC_QUERYCAP,
    struct: video.v4l2Capability,
    waits: 'now',
  },
  {
    name: 'VIDIOC_ENUM_FMT',
    request: v4l2.VIDIOC_ENUM_FMT,
    struct: video.v4l2Fmtdesc,
    waits: 'now',
  },
  { name: 'VIDIOC_G_FMT', request: v4l2.VIDIOC_G_FMT, struct: video.v4l2Format, waits: 'now' },
  { name: 'VIDIOC_S_FMT', request: v4l2.VIDIOC_S_FMT, struct: video.v4l2Format },
  { name: 'VIDIOC_TRY_FMT', request: v4l2.VIDIOC_TRY_FMT, struct: video.v4l2Format },
  {
    name: 'VIDIOC_REQBUFS',
    request: v4l2.VIDIOC_REQBUFS,
    struct: video.v4l2Requestbuffers,
    fails: 'ENOMEM',
  },
  {
    name: 'VIDIOC_QUERYBUF',
    request: v4l2.VIDIOC_QUERYBUF,
    struct: video.v4l2Buffer,
    waits: 'now',
  },
  {
    name: 'VIDIOC_QBUF',
    request: v4l2.VIDIOC_QBUF,
    struct: video.v4l2Buffer,
    waits: 'now',
    takes: dmaBufOf,
  },
  {
    name: 'VIDIOC_EXPBUF',
    request: v4l2.VIDIOC_EXPBUF,
    struct: video.v4l2Exportbuffer,
    waits: 'now',
    makes: (bytes) => video.v4l2Exportbuffer.over(bytes).fd,
  },
  {
    name: 'VIDIOC_DQBUF',
    request: v4l2.VIDIOC_DQBUF,
    struct: video.v4l2Buffer,
    waits: dequeueWaiting,
  },
  {
    name: 'VIDIOC_DQEVENT',
    request: v4l2.VIDIOC_DQEVENT,
    struct: video.v4l2Event,
    waits: { until: 'device', events: POLLPRI, empty: -errno.ENOENT },
  },
  { name: 'VIDIOC_STREAMON', request: v4l2.VIDIOC_STREAMON, struct: video.v4l2Type },
  {
    name: 'VIDIOC_STREAMOFF',
    request: v4l2.VIDIOC_STREAMOFF,
    struct: video.v4l2Type,
    fails: 'never',
  },
]

function dmaBufOf(bytes: Uint8Array): readonly number[] {
  const { memory } = video.v4l2Buffer.over(bytes)
  return memory === v4l2.V4L2_MEMORY_DMABUF ? [video.v4l2Buffer.offsets.m_fd] : []
}

function dequeueWaiting(bytes: Uint8Array): Waiting {
  const events = isOutput(video.v4l2Buffer.over(bytes).type) ? POLLOUT : POLLIN
  return { until: 'device', events, empty: -errno.EAGAIN }
}

/** Buffers of an output queue come back when they have been shown. */
function isOutput(type: number): boolean {
  return type === v4l2.V4L2_BUF_TYPE_VIDEO_OUTPUT || type === v4l2.V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE
}
