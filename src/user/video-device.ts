import { errno } from '../abi/errno.ts'
import { O_CLOEXEC, O_NONBLOCK, O_RDWR } from '../abi/fcntl.ts'
import * as check from '../syscalls/arguments.ts'
import type { Kernel } from '../syscalls/kernel.ts'
import type { Syscalls } from '../syscalls/syscalls.ts'
import { systemError } from '../syscalls/system-error.ts'
import { announceFrames, type Operation, type OperationProgress } from '../syscalls/watching.ts'
import { DeviceOwner } from './async-owner.ts'
import { Calls } from './calls.ts'
import { Capture } from './capture.ts'
import { checkBuffer, checkPicture, sysOf } from './checks.ts'
import { drainAll } from './dispose.ts'
import type { AbortOptions, DmaBuf } from './dma-buf.ts'
import type { Frame } from './frame.ts'
import type { ImageFormat } from './image-format.ts'
import {
  currentFormat,
  listFormats,
  negotiate,
  queryCapability,
  requireCapture,
  type VideoCapability,
  type VideoFormat,
  type WantedFormat,
} from './video-format.ts'
import { type VideoMemory, VideoQueue } from './video-queue.ts'

/** How many frames to take, and when to stop waiting for them. */
export interface FramesOptions extends AbortOptions {
  /** The iteration ends after this many; unlimited unless given. */
  readonly count?: number
}

/** A dequeued buffer. */
export interface FilledBuffer {
  readonly index: number
  readonly sequence: number
  /** Bytes of the picture. */
  readonly bytesUsed: number
  /** V4L2_BUF_FLAG_ bits. */
  readonly flags: number
}

/**
 * A camera, by V4L2: single-planar capture by streaming, into dma-bufs. Not for output devices and
 * not for the multi-planar API.
 */
export class VideoDevice extends DeviceOwner {
  protected override readonly noun = 'camera'
  /** Result of VIDIOC_QUERYCAP: the driver and its capabilities. */
  readonly capability: VideoCapability
  readonly #queue: VideoQueue
  #capture: Capture | undefined
  /** The start that is under way. */
  #starting: { readonly progress: OperationProgress | undefined } | undefined
  /** The last stop. */
  #stopping: Promise<void> | undefined

  private constructor(sys: Syscalls, fd: number, path: string, capability: VideoCapability) {
    super(sys, fd, path)
    this.#queue = new VideoQueue(this.held)
    this.capability = capability
  }

  /**
   * May sleep. Opens the camera at `path`. ENOENT, EACCES, EBUSY, EMFILE; ENOTTY for a file that is not a
   * video device, ENODEV for one that does not capture by streaming.
   */
  static async open(kernel: Pick<Kernel, 'sys'>, path = '/dev/video0'): Promise<VideoDevice> {
    const calls = Calls.from(sysOf(kernel), VideoDevice.open)
    check.text('path', path)
    const fd = calls.open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK, () => ({
      ENOENT: 'there is no such device: look at /dev/video*, or at `v4l2-ctl --list-devices`',
      EACCES: "you may not open it: join the group 'video'",
      EBUSY: 'another program uses the camera: close it',
    }))
    try {
      const capability = await queryCapability(calls, fd)
      requireCapture(capability, path)
      return new VideoDevice(calls.sys, fd, path, capability)
    } catch (error) {
      await drainAll([() => calls.close(fd)], [error])
      throw error
    }
  }

  /** May sleep. The pixel formats that the camera offers, preferred format first. */
  async formats(): Promise<VideoFormat[]> {
    return await listFormats(Calls.from(this.sys, this.formats), this.requireFd('VIDIOC_ENUM_FMT'))
  }

  /**
   * May sleep. Asks for a picture; the driver gives the nearest size it can, which is returned.
   * EINVAL when it has no such pixel format, EBUSY while streaming.
   */
  async setFormat(wanted: WantedFormat): Promise<ImageFormat> {
    const calls = Calls.from(this.sys, this.setFormat)
    checkPicture('wanted', wanted)
    await this.#stopped()
    const isStreaming = this.#capture !== undefined
    return await negotiate(calls, this.requireFd('VIDIOC_S_FMT'), wanted, isStreaming)
  }

  /** May sleep. The picture as it is set now. */
  async getFormat(): Promise<ImageFormat> {
    const calls = Calls.from(this.sys, this.getFormat)
    return await currentFormat(calls, this.requireFd('VIDIOC_G_FMT'))
  }

  /**
   * May sleep. Queues `buffers`, each of at least `sizeImage` bytes, and starts the stream. The camera
   * owns them from the call on, also when it fails, and closes them when it stops: pass a `dup()` of
   * a buffer that you want to keep. EINVAL for size or count, EBUSY while streaming. An argument that is not an array
   * of open buffers is refused, and none of them is closed.
   */
  start(buffers: readonly DmaBuf[]): Promise<void> {
    const calls = Calls.from(this.sys, this.start)
    const begin = (): Operation => {
      check.list('buffers', buffers)
      buffers.forEach((buffer, i) => {
        checkBuffer(`buffers[${i}]`, buffer)
      })
      return writing('VideoDevice.start', buffers)
    }
    return calls.operation(begin, (progress) =>
      this.#whileStarting(progress, () => this.#start(calls, buffers)),
    )
  }

  async #start(calls: Calls, buffers: readonly DmaBuf[]): Promise<void> {
    const close = buffers.map((buffer) => () => calls.run(() => buffer.close()))
    let format: ImageFormat
    try {
      format = await this.#prepare(calls)
    } catch (error) {
      await drainAll(close, [error])
      throw error
    }
    this.#capture = await Capture.into(calls, this.#queue, format, buffers)
  }

  /**
   * May sleep. Starts the stream into `count` buffers of the driver's own memory, or as many as it
   * wants, exported as dma-bufs. EBUSY while streaming, EINVAL, ENOMEM.
   */
  startMmap(count: number): Promise<readonly DmaBuf[]> {
    const calls = Calls.from(this.sys, this.startMmap)
    const begin = (): Operation => {
      check.uint32('count', count)
      return writing('VideoDevice.startMmap')
    }
    return calls.operation(begin, (progress) =>
      this.#whileStarting(progress, () => this.#startMmap(calls, count)),
    )
  }

  async #startMmap(calls: Calls, count: number): Promise<readonly DmaBuf[]> {
    const format = await this.#prepare(calls)
    this.#capture = await Capture.own(calls, this.#queue, format, count)
    return this.#capture.buffers
  }

  /** May sleep. Lets methods that need the stream know that `start` is under way. */
  async #whileStarting<T>(
    progress: OperationProgress | undefined,
    start: () => Promise<T>,
  ): Promise<T> {
    const starting = { progress }
    this.#starting = starting
    try {
      return await start()
    } finally {
      if (this.#starting === starting) this.#starting = undefined
    }
  }

  static {
    VideoDevice.prototype.startOwn = VideoDevice.prototype.startMmap
  }

  /** @deprecated Use `startMmap`. */
  declare startOwn: VideoDevice['startMmap']

  async #prepare(calls: Calls): Promise<ImageFormat> {
    await this.#stopped()
    const fd = this.requireFd('VIDIOC_STREAMON')
    if (this.#capture === undefined) return await currentFormat(calls, fd)
    throw systemError({
      errno: -errno.EBUSY,
      syscall: 'VIDIOC_STREAMON',
      fd,
      detail: 'the camera is streaming already: stop() it first',
    })
  }

  /**
   * The captured frames as they come, until `count`, the end of the stream or `signal`, whose reason
   * is thrown. Dispose each (`for await (await using frame of …)`), or the camera runs out of buffers.
   */
  frames(options: FramesOptions = {}): AsyncGenerator<Frame, void, undefined> {
    const calls = Calls.from(this.sys, this.frames)
    check.waitOptions('options', options, ['count'])
    const { count = Number.POSITIVE_INFINITY } = options
    if (count !== Number.POSITIVE_INFINITY) check.integer('options.count', count)
    return this.#frames(calls, options)
  }

  async *#frames(calls: Calls, options: FramesOptions): AsyncGenerator<Frame, void, undefined> {
    const { count = Number.POSITIVE_INFINITY, signal } = options
    const capture = this.#running('VIDIOC_DQBUF', 'frames', calls)
    if (count !== Number.POSITIVE_INFINITY) announceFrames(this.sys, count)
    for (let taken = 0; taken < count; taken++) {
      const frame = await capture.frame(calls, signal)
      if (frame === undefined) return
      yield frame
    }
  }

  /** May sleep. Ends the stream and closes its buffers. Idempotent. */
  stop(): Promise<void> {
    const calls = Calls.from(this.sys, this.stop)
    const begin = (): Operation => writing('VideoDevice.stop', this.#capture?.buffers)
    return calls.operation(begin, () => this.#stop(calls))
  }

  async #stop(calls: Calls): Promise<void> {
    const capture = this.#capture
    this.#capture = undefined
    if (capture === undefined) return await this.#stopped()
    this.#stopping = capture.stop(calls)
    await this.#stopping
  }

  /** May sleep, until a stream that is being stopped has stopped. Its errors go to the call that stops it. */
  async #stopped(): Promise<void> {
    await this.#stopping?.catch(() => undefined)
  }

  /**
   * May sleep. Only the ioctl: QBUF of buffer `index` of the running stream, even if the program still
   * uses it. Closing a frame of it does not queue it again. EINVAL when it is queued already.
   */
  queue(index: number): Promise<void> {
    const calls = Calls.from(this.sys, this.queue)
    const begin = (): Operation => {
      check.uint32('index', index)
      const buffer = this.#capture?.buffers[index]
      return writing('VideoDevice.queue', buffer === undefined ? [] : [buffer])
    }
    return calls.operation(begin, async () =>
      this.#running('VIDIOC_QBUF', 'queue', calls).queue(calls, index),
    )
  }

  /** May sleep, until a buffer is filled. Only DQBUF: nothing queues it again but `queue`. */
  async dequeue(options: AbortOptions = {}): Promise<FilledBuffer | undefined> {
    const calls = Calls.from(this.sys, this.dequeue)
    check.waitOptions('options', options)
    const filled = await this.#running('VIDIOC_DQBUF', 'dequeue', calls).next(calls, options.signal)
    if (filled === undefined) return undefined
    const { index, sequence, bytesused, flags } = filled
    return { index, sequence, bytesUsed: bytesused, flags }
  }

  /** May sleep. Only the ioctl: REQBUFS, outside a stream; returns the driver's count. */
  async requestBuffers(count: number, memory: VideoMemory): Promise<number> {
    const calls = Calls.from(this.sys, this.requestBuffers)
    check.uint32('count', count)
    check.oneOf('memory', memory, ['dmabuf', 'mmap'])
    this.requireFd('VIDIOC_REQBUFS')
    return await this.#queue.request(calls, count, memory)
  }

  /** The stream, for `method`; EINVAL without one. */
  #running(syscall: string, method: string, calls: Calls): Capture {
    const fd = this.requireFd(syscall)
    if (this.#capture !== undefined) return this.#capture
    const starting = this.#starting
    starting?.progress?.needed(`VideoDevice.${method}`, calls.origin)
    throw systemError({
      errno: -errno.EINVAL,
      syscall,
      fd,
      detail:
        starting === undefined
          ? 'the camera is not streaming: start(buffers) it first'
          : 'the camera is not streaming yet: await start(buffers), which is under way',
    })
  }

  /** Stops the stream. */
  protected override async shutDown(calls: Calls): Promise<void> {
    await this.#stop(calls)
  }
}

/** An operation that gives buffers to the camera or takes them from it. */
function writing(name: string, buffers: readonly DmaBuf[] = []): Operation {
  const fds = buffers.filter(({ closed }) => !closed).map(({ fd }) => fd)
  return { name, by: 'device', access: 'write', fds }
}
