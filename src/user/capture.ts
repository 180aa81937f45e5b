import { errno } from '../abi/errno.ts'
import { V4L2_BUF_FLAG_ERROR } from '../abi/v4l2.ts'
import type { V4l2Buffer } from '../abi/v4l2-struct.ts'
import { fromTimeval } from '../base/time.ts'
import { systemError } from '../syscalls/system-error.ts'
import type { Calls } from './calls.ts'
import { drainAll, Undo } from './dispose.ts'
import { DmaBuf } from './dma-buf.ts'
import { Frame, type FrameFacts } from './frame.ts'
import type { ImageFormat } from './image-format.ts'
import type { VideoMemory, VideoQueue } from './video-queue.ts'

/** One of a running stream's buffers. */
interface Slot {
  readonly buffer: DmaBuf
  /** The driver's, a frame's, or the program's own after a dequeue by hand. */
  state: 'queued' | 'frame' | 'idle'
}

/**
 * A running stream with the buffers that it owns. It queues them, makes a frame of each dequeued one, and
 * closes each when the stream has ended and no frame uses it.
 */
export class Capture {
  readonly #queue: VideoQueue
  readonly #memory: VideoMemory
  readonly #format: ImageFormat
  readonly #slots: readonly Slot[]
  #stopped = false

  private constructor(
    queue: VideoQueue,
    memory: VideoMemory,
    format: ImageFormat,
    buffers: readonly DmaBuf[],
  ) {
    this.#queue = queue
    this.#memory = memory
    this.#format = format
    this.#slots = buffers.map((buffer) => ({ buffer, state: 'idle' }))
  }

  /** May sleep. Streams into `buffers`, which it owns from now on, also when this fails. */
  static async into(
    calls: Calls,
    queue: VideoQueue,
    format: ImageFormat,
    buffers: readonly DmaBuf[],
  ): Promise<Capture> {
    const undo = new Undo()
    for (const buffer of buffers) undo.defer(() => closeBuffer(calls, buffer))
    try {
      const granted = await queue.request(calls, buffers.length, 'dmabuf')
      undo.defer(() => queue.request(calls, 0, 'dmabuf'))
      if (granted !== buffers.length) throw wrongCount(buffers.length, granted)
      return await new Capture(queue, 'dmabuf', format, buffers).#start(calls)
    } catch (error) {
      return await undo.fail(error)
    }
  }

  /** May sleep. Streams into `count` buffers of the driver, exported as dma-bufs. */
  static async own(
    calls: Calls,
    queue: VideoQueue,
    format: ImageFormat,
    count: number,
  ): Promise<Capture> {
    const undo = new Undo()
    const buffers: DmaBuf[] = []
    try {
      const granted = await queue.request(calls, count, 'mmap')
      undo.defer(() => queue.request(calls, 0, 'mmap'))
      while (buffers.length < granted) {
        const fd = await queue.export(calls, buffers.length)
        const closeFd = { step: () => calls.close(fd) }
        undo.defer(() => closeFd.step())
        const buffer = DmaBuf.adoptWith(calls, fd)
        closeFd.step = () => closeBuffer(calls, buffer)
        buffers.push(buffer)
      }
      return await new Capture(queue, 'mmap', format, buffers).#start(calls)
    } catch (error) {
      return await undo.fail(error)
    }
  }

  /** The buffers, by index. */
  get buffers(): readonly DmaBuf[] {
    return this.#slots.map((slot) => slot.buffer)
  }

  get memory(): VideoMemory {
    return this.#memory
  }

  async #start(calls: Calls): Promise<this> {
    for (const index of this.#slots.keys()) await this.queue(calls, index)
    await this.#queue.on(calls)
    return this
  }

  /** May sleep. Gives buffer `index` to the driver. EINVAL when it has it already. */
  async queue(calls: Calls, index: number): Promise<void> {
    const slot = this.#slots[index]
    const buffer = this.#memory === 'dmabuf' ? slot?.buffer : undefined
    await this.#queue.queue(calls, index, buffer)
    if (slot !== undefined) slot.state = 'queued'
  }

  /** May sleep, until a frame is there; `undefined` when the stream has ended. */
  async frame(calls: Calls, signal: AbortSignal | undefined): Promise<Frame | undefined> {
    const filled = await this.next(calls, signal)
    if (filled === undefined) return undefined
    const slot = this.#slots[filled.index]
    if (slot === undefined) throw new RangeError(`the driver returned buffer ${filled.index}`)
    slot.state = 'frame'
    return new Frame({
      sys: calls.sys,
      facts: frameFacts(filled, slot.buffer, this.#format),
      count: 1,
      giveBack: (later) => this.#giveBack(later, filled.index, slot),
    })
  }

  /** May sleep, until a buffer is filled; `undefined` when the stream has ended. */
  async next(calls: Calls, signal: AbortSignal | undefined): Promise<V4l2Buffer | undefined> {
    try {
      const filled = await this.#queue.next(calls, this.#memory, signal)
      if (filled === 'end') return undefined
      const slot = this.#slots[filled.index]
      if (slot !== undefined) slot.state = 'idle'
      return filled
    } catch (error) {
      // Another task stopped the stream during the wait: that is its end.
      if (this.#stopped && signal?.aborted !== true) return undefined
      throw error
    }
  }

  async #giveBack(calls: Calls, index: number, slot: Slot): Promise<void> {
    if (slot.state !== 'frame') return
    slot.state = 'idle'
    if (this.#stopped) closeBuffer(calls, slot.buffer)
    else await this.queue(calls, index)
  }

  /** May sleep. Ends the stream and closes the buffers; those of frames when the frames are gone. */
  async stop(calls: Calls): Promise<void> {
    if (this.#stopped) return
    this.#stopped = true
    const free = this.#slots.filter((slot) => slot.state !== 'frame')
    await drainAll([
      () => this.#queue.off(calls),
      ...free.map(
        ({ buffer }) =>
          () =>
            closeBuffer(calls, buffer),
      ),
      () => this.#queue.request(calls, 0, this.#memory),
    ])
  }
}

function closeBuffer(calls: Calls, buffer: DmaBuf): void {
  calls.run(() => buffer.close())
}

function wrongCount(asked: number, granted: number): Error {
  return systemError({
    errno: -errno.EINVAL,
    syscall: 'VIDIOC_REQBUFS',
    detail: `${asked} buffers were passed, the driver works with ${granted}: pass that many`,
  })
}

function frameFacts(filled: V4l2Buffer, buffer: DmaBuf, format: ImageFormat): FrameFacts {
  return {
    buffer,
    format,
    index: filled.index,
    sequence: filled.sequence,
    timestamp: fromTimeval(filled.timestamp_sec, filled.timestamp_usec),
    bytesUsed: filled.bytesused,
    damaged: (filled.flags & V4L2_BUF_FLAG_ERROR) !== 0,
  }
}
