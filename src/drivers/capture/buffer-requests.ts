/**
 * The ioctls about buffers, with the order of checks of v4l2-ioctl.c and videobuf2-v4l2.c of Linux 6.12.
 * The structure changes only when the call succeeds.
 */

import { O_ACCMODE, O_CLOEXEC, O_NONBLOCK } from '../../abi/fcntl.ts'
import * as v4l2 from '../../abi/v4l2.ts'
import {
  v4l2Buffer,
  v4l2Exportbuffer,
  v4l2Requestbuffers,
  v4l2Type,
} from '../../abi/v4l2-struct.ts'
import type { DmaBuf } from '../../kernel/dmabuf/dma-buf.ts'
import { dmaBufFd } from '../../kernel/dmabuf/dma-buf-fd.ts'
import type { CallerFiles, IoctlCall, OpenFile } from '../../kernel/dmabuf/file.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import { writeBuffer } from './buffer-struct.ts'
import { type CaptureContext, DRIVER } from './context.ts'
import { checkOwner, checkType, type DeviceState } from './device-state.ts'
import type { QueueMemory, Slot } from './slot.ts'

const CAPABILITIES =
  v4l2.V4L2_BUF_CAP_SUPPORTS_MMAP |
  v4l2.V4L2_BUF_CAP_SUPPORTS_DMABUF |
  v4l2.V4L2_BUF_CAP_SUPPORTS_ORPHANED_BUFS

/** REQBUFS. EINVAL for type and memory, EBUSY for another's or a running queue, ENOMEM. */
export function requestBuffers(state: DeviceState, file: OpenFile, bytes: Uint8Array): void {
  const { count, type, memory } = v4l2Requestbuffers.decode(bytes)
  checkType(type)
  const kind = memoryOf(memory)
  checkOwner(state, file)
  const granted = state.queue.request(count, kind, state.format)
  state.owner = granted === 0 ? undefined : file
  const capabilities = CAPABILITIES
  bytes.set(v4l2Requestbuffers.create({ count: granted, type, memory, capabilities }))
}

/** QUERYBUF, which any open file may ask. EINVAL. */
export function queryBuffer(state: DeviceState, bytes: Uint8Array): void {
  const { index, type } = v4l2Buffer.decode(bytes)
  checkType(type)
  answer(state, state.queue.slot(index), bytes)
}

/**
 * May sleep. QBUF. EINVAL, EBUSY for another's queue, EBADR for a buffer of a request, EFAULT for a length
 * beyond the dma-buf.
 */
export async function queueBuffer(
  state: DeviceState,
  file: OpenFile,
  { argument: { bytes }, files }: IoctlCall,
): Promise<void> {
  const { index, type, memory, flags, m_fd, length } = v4l2Buffer.decode(bytes)
  checkType(type)
  checkOwner(state, file)
  const slot = state.queue.slot(index)
  if (memoryOf(memory) !== state.queue.memory) {
    throw new KernelError(
      'EINVAL',
      `memory type ${memory} is not the one of the queue, which REQBUFS made for ${state.queue.memory}`,
    )
  }
  if ((flags & v4l2.V4L2_BUF_FLAG_REQUEST_FD) !== 0) refuseRequest(slot)
  await state.queue.queue(slot, { fd: m_fd, length, files })
  answer(state, slot, bytes)
}

/** May sleep, unless the file is O_NONBLOCK. DQBUF. EINVAL, EBUSY, EAGAIN, EINTR. */
export async function dequeueBuffer(
  state: DeviceState,
  file: OpenFile,
  { argument: { bytes }, signal }: IoctlCall,
): Promise<void> {
  checkType(v4l2Buffer.decode(bytes).type)
  checkOwner(state, file)
  const slot = await state.queue.dequeue((file.flags & O_NONBLOCK) === 0, signal)
  answer(state, slot, bytes)
}

/** EXPBUF: a descriptor of a new dma-buf of the driver's own buffer. EBUSY, EINVAL, EMFILE. */
export function exportBuffer(
  state: DeviceState,
  file: OpenFile,
  { argument: { bytes }, files }: IoctlCall,
): void {
  const request = v4l2Exportbuffer.decode(bytes)
  const { type, index, plane, flags } = request
  checkOwner(state, file)
  const slot = state.queue.slot(index)
  const { own } = slot
  if (own === undefined) {
    throw new KernelError('EINVAL', 'the queue is not of the memory MMAP')
  }
  if ((flags & ~(O_CLOEXEC | O_ACCMODE)) !== 0) {
    throw new KernelError(
      'EINVAL',
      `flags are 0x${flags.toString(16)}: O_CLOEXEC and an access mode`,
    )
  }
  checkType(type)
  if (plane !== 0) throw new KernelError('EINVAL', `plane is ${plane}: there is one, 0`)
  const { context, queue } = state
  const buffer = queue.export(slot, own)
  const fd = install(context, buffer, flags, files)
  bytes.set(v4l2Exportbuffer.create({ type, index, plane, flags, fd }))
}

/** STREAMON. EBUSY for another's queue, EINVAL. */
export function streamOn(state: DeviceState, file: OpenFile, bytes: Uint8Array): void {
  checkOwner(state, file)
  checkType(v4l2Type.decode(bytes).type)
  state.queue.streamOn(state.format)
}

/** STREAMOFF, also without a STREAMON: it gives queued buffers back. EBUSY, EINVAL. */
export function streamOff(state: DeviceState, file: OpenFile, bytes: Uint8Array): void {
  checkOwner(state, file)
  checkType(v4l2Type.decode(bytes).type)
  state.queue.streamOff()
}

function install(
  context: CaptureContext,
  buffer: DmaBuf,
  flags: number,
  files: CallerFiles,
): number {
  try {
    return dmaBufFd(context, buffer, flags, files)
  } catch (error) {
    context.core.put(buffer, DRIVER)
    throw error
  }
}

/** The queue has no requests (supports_requests). Source: vb2_queue_or_prepare_buf. */
function refuseRequest({ state, index }: Slot): never {
  if (state !== 'dequeued') {
    throw new KernelError('EINVAL', `buffer ${index} is ${state}, not the program's`)
  }
  throw new KernelError(
    'EBADR',
    'the camera takes no requests: QBUF without V4L2_BUF_FLAG_REQUEST_FD',
  )
}

function answer({ queue }: DeviceState, slot: Slot, bytes: Uint8Array): void {
  if (queue.memory !== undefined) writeBuffer(bytes, slot, queue.memory)
}

function memoryOf(memory: number): QueueMemory {
  if (memory === v4l2.V4L2_MEMORY_MMAP) return 'mmap'
  if (memory === v4l2.V4L2_MEMORY_DMABUF) return 'dmabuf'
  throw new KernelError(
    'EINVAL',
    `memory type ${memory} is not supported: the camera takes MMAP (1) and DMABUF (4)`,
  )
}
