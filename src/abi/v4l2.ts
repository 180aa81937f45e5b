import { ior, iow, iowr } from './ioctl-number.ts'
import {
  v4l2Buffer,
  v4l2Capability,
  v4l2Event,
  v4l2Exportbuffer,
  v4l2Fmtdesc,
  v4l2Format,
  v4l2Requestbuffers,
} from './v4l2-struct.ts'

/** Capability: captures video, one plane. */
export const V4L2_CAP_VIDEO_CAPTURE = 0x1
/** Capability: shows video, one plane. */
export const V4L2_CAP_VIDEO_OUTPUT = 0x2
/** Capability: captures video in several planes. */
export const V4L2_CAP_VIDEO_CAPTURE_MPLANE = 0x1000
/** Capability: frames by read(2). */
export const V4L2_CAP_READWRITE = 0x1000000
/** Capability: the streaming ioctls. */
export const V4L2_CAP_STREAMING = 0x4000000
/** Capability: `device_caps` is filled in. */
export const V4L2_CAP_DEVICE_CAPS = 0x80000000

/** A queue that captures single-planar video. */
export const V4L2_BUF_TYPE_VIDEO_CAPTURE = 1
/** A queue that shows video in several planes. */
export const V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE = 10
/** A queue that shows single-planar video. */
export const V4L2_BUF_TYPE_VIDEO_OUTPUT = 2
/** Buffers are the driver's own. */
export const V4L2_MEMORY_MMAP = 1
/** Buffers are pages of the program. */
export const V4L2_MEMORY_USERPTR = 2
/** Buffers are dma-bufs. */
export const V4L2_MEMORY_DMABUF = 4
/** Field order: the driver chooses. */
export const V4L2_FIELD_ANY = 0
/** Field order: whole frames. */
export const V4L2_FIELD_NONE = 1

/** Buffer: the program maps it. */
export const V4L2_BUF_FLAG_MAPPED = 0x1
/** Buffer: in the driver's incoming queue. */
export const V4L2_BUF_FLAG_QUEUED = 0x2
/** Buffer: filled, and waits for DQBUF. */
export const V4L2_BUF_FLAG_DONE = 0x4
/** Buffer: its content is damaged. */
export const V4L2_BUF_FLAG_ERROR = 0x40
/** Buffer: prepared by PREPARE_BUF. */
export const V4L2_BUF_FLAG_PREPARED = 0x400
/** Buffer: skip the cache invalidation on DQBUF. */
export const V4L2_BUF_FLAG_NO_CACHE_INVALIDATE = 0x800
/** Buffer: skip the cache clean on QBUF. */
export const V4L2_BUF_FLAG_NO_CACHE_CLEAN = 0x1000
/** Buffer: the bits that say which clock the timestamp is of. */
export const V4L2_BUF_FLAG_TIMESTAMP_MASK = 0xe000
/** Buffer: the timestamp is of the monotonic clock. */
export const V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC = 0x2000
/** Buffer: the stream's last. */
export const V4L2_BUF_FLAG_LAST = 0x100000

/** QBUF, PREPARE_BUF: the buffer belongs to the request behind `request_fd`. */
export const V4L2_BUF_FLAG_REQUEST_FD = 0x800000
/** Queue: takes V4L2_MEMORY_MMAP. */
export const V4L2_BUF_CAP_SUPPORTS_MMAP = 0x1
/** Queue: takes V4L2_MEMORY_USERPTR. */
export const V4L2_BUF_CAP_SUPPORTS_USERPTR = 0x2
/** Queue: takes V4L2_MEMORY_DMABUF. */
export const V4L2_BUF_CAP_SUPPORTS_DMABUF = 0x4
/** Queue: freed buffers may stay mapped or exported. */
export const V4L2_BUF_CAP_SUPPORTS_ORPHANED_BUFS = 0x10
/** REQBUFS: ask for memory that is not coherent. */
export const V4L2_MEMORY_FLAG_NON_COHERENT = 0x1

/** Names the driver and its capabilities. */
export const VIDIOC_QUERYCAP: number = ior('V', 0, v4l2Capability.size)
/** The queue's formats, one per index. EINVAL past the last. */
export const VIDIOC_ENUM_FMT: number = iowr('V', 2, v4l2Fmtdesc.size)
/** The queue's format. EINVAL for its type. */
export const VIDIOC_G_FMT: number = iowr('V', 4, v4l2Format.size)
/** Sets the format; the driver adjusts it. EINVAL for the type, EBUSY while buffers exist. */
export const VIDIOC_S_FMT: number = iowr('V', 5, v4l2Format.size)
/** Creates or, with count 0, frees the queue's buffers. EINVAL, EBUSY while streaming or mapped. */
export const VIDIOC_REQBUFS: number = iowr('V', 8, v4l2Requestbuffers.size)
/** One buffer's state. EINVAL. */
export const VIDIOC_QUERYBUF: number = iowr('V', 9, v4l2Buffer.size)
/** Gives a buffer to the driver. EINVAL for state, memory or length; EIO. */
export const VIDIOC_QBUF: number = iowr('V', 15, v4l2Buffer.size)
/** Exports a driver's buffer as a dma-buf. EINVAL, EBUSY. */
export const VIDIOC_EXPBUF: number = iowr('V', 16, v4l2Exportbuffer.size)
/** Takes a filled buffer back. EAGAIN, EINVAL when not streaming, EIO, EPIPE after the last. May sleep. */
export const VIDIOC_DQBUF: number = iowr('V', 17, v4l2Buffer.size)
/** Starts the queue; the argument is its type as an int. EINVAL. */
export const VIDIOC_STREAMON: number = iow('V', 18, 4)
/** Stops the queue and gives every buffer back; the argument is its type as an int. EINVAL. */
export const VIDIOC_STREAMOFF: number = iow('V', 19, 4)
/** Takes an event. ENOENT where none is pending and the descriptor has O_NONBLOCK. May sleep. */
export const VIDIOC_DQEVENT: number = ior('V', 89, v4l2Event.size)
/** The result of S_FMT, without setting it. EINVAL for the type. */
export const VIDIOC_TRY_FMT: number = iowr('V', 64, v4l2Format.size)
