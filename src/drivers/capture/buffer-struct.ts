/** `struct v4l2_buffer`, as __fill_v4l2_buffer in videobuf2-v4l2.c of Linux 6.12 fills it in. */

import * as v4l2 from '../../abi/v4l2.ts'
import { v4l2Buffer } from '../../abi/v4l2-struct.ts'
import { toTimeval } from '../../base/time.ts'
import { type QueueMemory, Slot, type SlotState } from './slot.ts'

/** The state bits of a buffer. A dequeued buffer shows none. */
const stateFlags: Readonly<Record<SlotState, number>> = {
  dequeued: 0,
  preparing: 0,
  queued: v4l2.V4L2_BUF_FLAG_QUEUED,
  active: v4l2.V4L2_BUF_FLAG_QUEUED,
  done: v4l2.V4L2_BUF_FLAG_DONE,
}

/** Writes everything that is known about `slot` to the program's structure. */
export function writeBuffer(bytes: Uint8Array, slot: Slot, memory: QueueMemory): void {
  bytes.fill(0, 0, v4l2Buffer.size)
  const fields = v4l2Buffer.over(bytes)
  fields.index = slot.index
  fields.type = v4l2.V4L2_BUF_TYPE_VIDEO_CAPTURE
  fields.flags = v4l2.V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC | stateFlags[slot.state] | inUse(slot)
  fields.length = slot.length
  if (memory === 'mmap') {
    fields.memory = v4l2.V4L2_MEMORY_MMAP
    fields.m_offset = Slot.offsetOf(slot.index)
  } else {
    fields.memory = v4l2.V4L2_MEMORY_DMABUF
    fields.m_fd = slot.fd
  }
  if (slot.frame !== undefined) writeFrame(bytes, slot.frame)
}

function writeFrame(
  bytes: Uint8Array,
  { sequence, time, bytes: used }: NonNullable<Slot['frame']>,
): void {
  const fields = v4l2Buffer.over(bytes)
  fields.bytesused = used
  fields.field = v4l2.V4L2_FIELD_NONE
  fields.sequence = sequence
  const { seconds, microseconds } = toTimeval(time)
  fields.timestamp_sec = seconds
  fields.timestamp_usec = microseconds
}

/** The driver's own memory that a process maps or has a descriptor of. */
function inUse({ own }: Slot): number {
  return own?.isShared === true ? v4l2.V4L2_BUF_FLAG_MAPPED : 0
}
