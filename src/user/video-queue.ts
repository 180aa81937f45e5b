import { errno } from '../abi/errno.ts'
import { O_CLOEXEC, O_RDWR, POLLERR, POLLIN } from '../abi/fcntl.ts'
import * as v4l2 from '../abi/v4l2.ts'
import {
  type V4l2Buffer,
  v4l2Buffer,
  v4l2Exportbuffer,
  v4l2Requestbuffers,
  v4l2Type,
} from '../abi/v4l2-struct.ts'
import { plainArg } from '../syscalls/ioctl-arg.ts'
import type { PollFd } from '../syscalls/syscalls.ts'
import { systemError } from '../syscalls/system-error.ts'
import { type Calls, possibly } from './calls.ts'
import type { HeldFd } from './held-fd.ts'

/** Whose memory a queue's buffers are. */
export type VideoMemory = 'dmabuf' | 'mmap'

const memories: Readonly<Record<VideoMemory, number>> = {
  dmabuf: v4l2.V4L2_MEMORY_DMABUF,
  mmap: v4l2.V4L2_MEMORY_MMAP,
}
const type = v4l2.V4L2_BUF_TYPE_VIDEO_CAPTURE

/** The capture queue of an open video device: the ioctls, and nothing kept. All may sleep. */
export class VideoQueue {
  readonly #fd: HeldFd

  constructor(fd: HeldFd) {
    this.#fd = fd
  }

  /** REQBUFS: `count` buffers, 0 to free them; returns how many the driver made. EINVAL, EBUSY. */
  async request(calls: Calls, count: number, memory: VideoMemory): Promise<number> {
    const bytes = v4l2Requestbuffers.create({ count, type, memory: memories[memory] })
    await calls.ioctl(this.#fd.number, v4l2.VIDIOC_REQBUFS, plainArg(bytes), {
      why: () => ({
        EINVAL: possibly(
          `this driver does not take memory '${memory}': try the other of dmabuf and mmap`,
        ),
        EBUSY: possibly(
          'the stream is running or its buffers are in use (stop it first), or another open file has ' +
            'the buffers of the camera',
        ),
      }),
    })
    return v4l2Requestbuffers.decode(bytes).count
  }

  /** QBUF: gives buffer `index` to the driver, with the dma-buf `fd` behind it. EINVAL, EIO. */
  async queue(calls: Calls, index: number, buffer?: { fd: number; size: number }): Promise<void> {
    const memory = memories[buffer === undefined ? 'mmap' : 'dmabuf']
    const bytes = v4l2Buffer.create({ index, type, memory })
    if (buffer !== undefined) {
      const fields = v4l2Buffer.over(bytes)
      fields.m_fd = buffer.fd
      fields.length = buffer.size
    }
    const size = buffer === undefined ? '' : `, or its ${buffer.size} bytes are less than sizeImage`
    await calls.ioctl(this.#fd.number, v4l2.VIDIOC_QBUF, plainArg(bytes), {
      why: () => ({
        EINVAL: possibly(`buffer ${index} is queued already, there is no such buffer${size}`),
        EFAULT: possibly(
          'this camera takes contiguous memory only: allocate from a heap of such memory (linux,cma), or ' +
            'use startMmap',
        ),
      }),
    })
  }

  /**
   * DQBUF, without waiting: the oldest filled buffer, `empty` when there is none, `end` after the
   * last one of the stream. EINVAL when not streaming, EIO.
   */
  async dequeue(calls: Calls, memory: VideoMemory): Promise<V4l2Buffer | 'empty' | 'end'> {
    const bytes = v4l2Buffer.create({ type, memory: memories[memory] })
    const result = await calls.ioctl(this.#fd.number, v4l2.VIDIOC_DQBUF, plainArg(bytes), {
      expect: [-errno.EAGAIN, -errno.EPIPE],
      why: () => ({ EINVAL: possibly('the stream is not running: start it first') }),
    })
    if (result === -errno.EAGAIN) return 'empty'
    return result === -errno.EPIPE ? 'end' : v4l2Buffer.decode(bytes)
  }

  /** Waits for a filled buffer: as `dequeue`, but never `empty`. EIO when nothing is queued. */
  async next(
    calls: Calls,
    memory: VideoMemory,
    signal: AbortSignal | undefined,
  ): Promise<V4l2Buffer | 'end'> {
    // Poll is asked only once DQBUF has found a running stream: on a queue without buffers it would start
    // the emulation of read(), after which every request of streaming is EBUSY.
    for (let revents = 0; ; ) {
      signal?.throwIfAborted()
      const buffer = await this.dequeue(calls, memory)
      if (buffer !== 'empty') return buffer
      if ((revents & POLLERR) !== 0) throw nothingQueued(this.#fd.number)
      const entry: PollFd = { fd: this.#fd.number, events: POLLIN, revents: 0 }
      await calls.poll([entry], signal)
      revents = entry.revents
    }
  }

  /** EXPBUF: a new descriptor for the driver's buffer `index`. EINVAL, EMFILE. */
  async export(calls: Calls, index: number): Promise<number> {
    const bytes = v4l2Exportbuffer.create({ type, index, flags: O_RDWR | O_CLOEXEC })
    await calls.ioctl(this.#fd.number, v4l2.VIDIOC_EXPBUF, plainArg(bytes), {
      why: () => ({
        EINVAL: possibly(`there is no buffer ${index}, or its memory is not the driver's`),
      }),
    })
    return v4l2Exportbuffer.decode(bytes).fd
  }

  /** STREAMON. EINVAL, and the errors of the hardware. */
  async on(calls: Calls): Promise<void> {
    const argument = plainArg(v4l2Type.create({ type }))
    await calls.ioctl(this.#fd.number, v4l2.VIDIOC_STREAMON, argument, {
      why: () => ({
        EINVAL: possibly('the driver needs more queued buffers first: pass more of them'),
      }),
    })
  }

  /** STREAMOFF: the driver gives every buffer back. */
  async off(calls: Calls): Promise<void> {
    await calls.ioctl(this.#fd.number, v4l2.VIDIOC_STREAMOFF, plainArg(v4l2Type.create({ type })))
  }
}

function nothingQueued(fd: number): Error {
  return systemError({
    errno: -errno.EIO,
    syscall: 'poll',
    fd,
    detail: 'no buffer is queued, so none will be filled: dispose frames, or start with more',
  })
}
