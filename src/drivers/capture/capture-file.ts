/** An open file of the camera: dispatch, mmap and poll. Source: the vb2_fop_ functions of Linux 6.12. */

import { PAGE_SIZE, POLLERR, POLLIN, POLLRDNORM } from '../../abi/fcntl.ts'
import * as v4l2 from '../../abi/v4l2.ts'
import type { IoctlCall, MappedMemory, MapRequest, OpenFile } from '../../kernel/dmabuf/file.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import * as buffers from './buffer-requests.ts'
import { devicePath } from './context.ts'
import type { DeviceState } from './device-state.ts'
import * as formats from './format-requests.ts'
import { Slot } from './slot.ts'

type Handler = (state: DeviceState, file: OpenFile, call: IoctlCall) => Promise<void> | void

const handlers: ReadonlyMap<number, Handler> = new Map<number, Handler>([
  [
    v4l2.VIDIOC_QUERYCAP,
    (state, _file, call) => formats.queryCapability(state, call.argument.bytes),
  ],
  [v4l2.VIDIOC_ENUM_FMT, (_state, _file, call) => formats.enumFormat(call.argument.bytes)],
  [v4l2.VIDIOC_G_FMT, (state, _file, call) => formats.getFormat(state, call.argument.bytes)],
  [v4l2.VIDIOC_TRY_FMT, (state, _file, call) => formats.tryFormat(state, call.argument.bytes)],
  [v4l2.VIDIOC_S_FMT, (state, _file, call) => formats.setFormat(state, call.argument.bytes)],
  [
    v4l2.VIDIOC_REQBUFS,
    (state, file, call) => buffers.requestBuffers(state, file, call.argument.bytes),
  ],
  [v4l2.VIDIOC_QUERYBUF, (state, _file, call) => buffers.queryBuffer(state, call.argument.bytes)],
  [v4l2.VIDIOC_QBUF, buffers.queueBuffer],
  [v4l2.VIDIOC_DQBUF, buffers.dequeueBuffer],
  [v4l2.VIDIOC_EXPBUF, buffers.exportBuffer],
  [v4l2.VIDIOC_STREAMON, (state, file, call) => buffers.streamOn(state, file, call.argument.bytes)],
  [
    v4l2.VIDIOC_STREAMOFF,
    (state, file, call) => buffers.streamOff(state, file, call.argument.bytes),
  ],
])

export class CaptureFile implements OpenFile {
  readonly what: string = devicePath
  flags: number
  readonly #state: DeviceState

  constructor(state: DeviceState, flags: number) {
    this.#state = state
    this.flags = flags
  }

  /** May sleep. ENOTTY for an unknown request, EINTR; otherwise the errors of the request. */
  async ioctl(call: IoctlCall): Promise<number> {
    const handler = handlers.get(call.request)
    if (handler === undefined) {
      throw new KernelError('ENOTTY', `0x${call.request.toString(16)} is not a camera request`)
    }
    const { lock } = this.#state
    if (!(await lock.acquire(call.signal))) {
      throw new KernelError('EINTR', 'interrupted while another call was at work')
    }
    try {
      await handler(this.#state, this, call)
    } finally {
      lock.release()
    }
    return 0
  }

  /**
   * The driver's own buffer with this offset of QUERYBUF. EINVAL for any other offset, and for a
   * mapping that is private or not readable. Source: vb2_mmap in videobuf2-core.c of Linux 6.12.
   */
  mmap({ offset, length, readable, shared }: MapRequest): MappedMemory {
    if (!shared) throw new KernelError('EINVAL', 'a camera is mapped MAP_SHARED')
    if (!readable) throw new KernelError('EINVAL', 'a capture buffer is mapped with PROT_READ')
    const { queue } = this.#state
    const slot = queue.slots.find(({ index }) => Slot.offsetOf(index) === offset)
    if (slot?.own === undefined) {
      throw new KernelError('EINVAL', `offset ${offset} was not returned by QUERYBUF`)
    }
    const whole = Math.ceil(slot.length / PAGE_SIZE) * PAGE_SIZE
    if (length > whole) {
      throw new KernelError('EINVAL', `${length} bytes asked, buffer ${slot.index} has ${whole}`)
    }
    return slot.own.map(length)
  }

  /**
   * POLLIN and POLLRDNORM when DQBUF would not wait; POLLERR when it would fail, or nothing was ever
   * queued. Source: vb2_core_poll.
   */
  poll(events: number): number {
    if ((events & (POLLIN | POLLRDNORM)) === 0) return 0
    const { queue } = this.#state
    if (!queue.streaming || queue.neverQueued) return POLLERR
    return queue.hasDone ? POLLIN | POLLRDNORM : 0
  }

  onReady(listener: () => void): () => void {
    return this.#state.queue.changed.listen(listener)
  }

  /** Stops the stream and frees the buffers if they are this file's. Does not sleep. */
  release(): void {
    if (this.#state.owner !== this) return
    this.#state.queue.free()
    this.#state.owner = undefined
  }
}
