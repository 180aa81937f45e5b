import { s32, s64, u8, u32, u64 } from './field.ts'
import { array, at, bytes, text } from './field-kinds.ts'
import { nested, type Struct, struct } from './struct.ts'

/** `struct v4l2_capability` */
export interface V4l2Capability {
  driver: string
  card: string
  bus_info: string
  /** Kernel version, a byte for each part. */
  version: number
  /** V4L2_CAP_ bits of the whole device. */
  capabilities: number
  /** V4L2_CAP_ bits of this node. */
  device_caps: number
  reserved: readonly number[]
}
/** Layout of `struct v4l2_capability`. Source, of all here: include/uapi/linux/videodev2.h. */
export const v4l2Capability: Struct<V4l2Capability> = struct('v4l2_capability', 104, {
  driver: text(16),
  card: text(32),
  bus_info: text(32),
  version: u32,
  capabilities: u32,
  device_caps: u32,
  reserved: array(u32, 3),
})

/** `struct v4l2_fmtdesc` */
export interface V4l2Fmtdesc {
  index: number
  /** V4L2_BUF_TYPE_ */
  type: number
  flags: number
  description: string
  /** A fourcc. */
  pixelformat: number
  mbus_code: number
  reserved: readonly number[]
}
/** Layout of `struct v4l2_fmtdesc`. */
export const v4l2Fmtdesc: Struct<V4l2Fmtdesc> = struct('v4l2_fmtdesc', 64, {
  index: u32,
  type: u32,
  flags: u32,
  description: text(32),
  pixelformat: u32,
  mbus_code: u32,
  reserved: array(u32, 3),
})

/** `struct v4l2_pix_format`: a picture in one plane of memory. */
export interface V4l2PixFormat {
  /** Pixels. */
  width: number
  /** Pixels. */
  height: number
  /** A fourcc. */
  pixelformat: number
  /** V4L2_FIELD_ */
  field: number
  /** Bytes from one line of the first colour plane to the next. */
  bytesperline: number
  /** Bytes of the whole picture. */
  sizeimage: number
  colorspace: number
  priv: number
  flags: number
  ycbcr_enc: number
  quantization: number
  xfer_func: number
}
/** Layout of `struct v4l2_pix_format`. */
export const v4l2PixFormat: Struct<V4l2PixFormat> = struct('v4l2_pix_format', 48, {
  width: u32,
  height: u32,
  pixelformat: u32,
  field: u32,
  bytesperline: u32,
  sizeimage: u32,
  colorspace: u32,
  priv: u32,
  flags: u32,
  ycbcr_enc: u32,
  quantization: u32,
  xfer_func: u32,
})

/** `struct v4l2_format`, of its union the single-planar member `fmt.pix`. */
export interface V4l2Format {
  /** V4L2_BUF_TYPE_ */
  type: number
  pix: V4l2PixFormat
  /** The union's bytes, `pix` among them. */
  raw_data: Uint8Array
}
/** Layout of `struct v4l2_format`. */
export const v4l2Format: Struct<V4l2Format> = struct('v4l2_format', 208, {
  type: u32,
  pix: at(8, nested(v4l2PixFormat)),
  raw_data: at(8, { ...bytes(200), align: 8 }),
})

/** `struct v4l2_requestbuffers` */
export interface V4l2Requestbuffers {
  /** Asked for, then granted. */
  count: number
  /** V4L2_BUF_TYPE_ */
  type: number
  /** V4L2_MEMORY_ */
  memory: number
  /** V4L2_BUF_CAP_ bits, written by the kernel. */
  capabilities: number
  /** V4L2_MEMORY_FLAG_ bits. */
  flags: number
  reserved: readonly number[]
}
/** Layout of `struct v4l2_requestbuffers`. */
export const v4l2Requestbuffers: Struct<V4l2Requestbuffers> = struct('v4l2_requestbuffers', 20, {
  count: u32,
  type: u32,
  memory: u32,
  capabilities: u32,
  flags: u8,
  reserved: array(u8, 3),
})

/** `struct v4l2_buffer`; the union `m` as `m_offset`, `m_userptr` and `m_fd`, which overlap. */
export interface V4l2Buffer {
  index: number
  /** V4L2_BUF_TYPE_ */
  type: number
  /** Bytes of the picture that is in it. */
  bytesused: number
  /** V4L2_BUF_FLAG_ bits. */
  flags: number
  /** V4L2_FIELD_ */
  field: number
  timestamp_sec: number
  timestamp_usec: number
  timecode: Uint8Array
  /** Counts the frames, lost ones too. */
  sequence: number
  /** V4L2_MEMORY_ */
  memory: number
  /** For V4L2_MEMORY_MMAP: the offset for mmap. */
  m_offset: number
  /** For V4L2_MEMORY_USERPTR: the address. */
  m_userptr: number
  /** For V4L2_MEMORY_DMABUF: the descriptor. */
  m_fd: number
  /** Bytes of the buffer. */
  length: number
  reserved2: number
  request_fd: number
}
/** Layout of `struct v4l2_buffer`. */
export const v4l2Buffer: Struct<V4l2Buffer> = struct('v4l2_buffer', 88, {
  index: u32,
  type: u32,
  bytesused: u32,
  flags: u32,
  field: u32,
  timestamp_sec: s64,
  timestamp_usec: s64,
  timecode: { ...bytes(16), align: 4 },
  sequence: u32,
  memory: u32,
  m_offset: at(64, u32),
  m_userptr: at(64, u64),
  m_fd: at(64, s32),
  length: u32,
  reserved2: u32,
  request_fd: s32,
})

/** `struct v4l2_event` */
export interface V4l2Event {
  /** V4L2_EVENT_ */
  type: number
  /** By the type. */
  data: Uint8Array
  /** Events that are still pending. */
  pending: number
  sequence: number
  timestamp_sec: number
  timestamp_nsec: number
  id: number
  reserved: readonly number[]
}

/** Layout of `struct v4l2_event`. Source: include/uapi/linux/videodev2.h. */
export const v4l2Event: Struct<V4l2Event> = struct('v4l2_event', 136, {
  type: u32,
  data: { ...bytes(64), align: 8 },
  pending: u32,
  sequence: u32,
  timestamp_sec: s64,
  timestamp_nsec: s64,
  id: u32,
  reserved: array(u32, 8),
})

/** `struct v4l2_exportbuffer` */
export interface V4l2Exportbuffer {
  /** V4L2_BUF_TYPE_ */
  type: number
  index: number
  plane: number
  /** O_CLOEXEC and an access mode. */
  flags: number
  /** Written by the kernel. */
  fd: number
  reserved: readonly number[]
}
/** Layout of `struct v4l2_exportbuffer`. */
export const v4l2Exportbuffer: Struct<V4l2Exportbuffer> = struct('v4l2_exportbuffer', 64, {
  type: u32,
  index: u32,
  plane: u32,
  flags: u32,
  fd: s32,
  reserved: array(u32, 11),
})

/** The argument of STREAMON and STREAMOFF: an int. */
export interface V4l2Type {
  /** V4L2_BUF_TYPE_ */
  type: number
}
/** Layout of the `int` that STREAMON and STREAMOFF point at. */
export const v4l2Type: Struct<V4l2Type> = struct('int', 4, { type: s32 })
