/** A board with a camera and a heap, and a program's side of the camera: ioctls by name and by value. */

import { O_RDWR } from '../../../src/abi/fcntl.ts'
import type { Struct } from '../../../src/abi/struct.ts'
import * as v4l2 from '../../../src/abi/v4l2.ts'
import {
  type V4l2Buffer,
  v4l2Buffer,
  v4l2Exportbuffer,
  v4l2Format,
  v4l2Requestbuffers,
  v4l2Type,
} from '../../../src/abi/v4l2-struct.ts'
import { armSoc } from '../../../src/boards/arm-soc.ts'
import { CaptureDevice } from '../../../src/drivers/capture/capture-device.ts'
import { PageHeap } from '../../../src/drivers/page-heap.ts'
import type { DmabufEvent } from '../../../src/events/event.ts'
import { DmaLayer } from '../../../src/kernel/dma/dma-layer.ts'
import { DmaBufCore } from '../../../src/kernel/dmabuf/core.ts'
import { DeviceJobs } from '../../../src/kernel/dmabuf/device-job.ts'
import type { DmaBuf } from '../../../src/kernel/dmabuf/dma-buf.ts'
import { DmaBufFile, dmaBufOf } from '../../../src/kernel/dmabuf/dma-buf-file.ts'
import type { CallerFiles, OpenFile } from '../../../src/kernel/dmabuf/file.ts'
import type { Board } from '../../../src/machine/board.ts'
import { KernelError } from '../../../src/machine/kernel-error.ts'
import { Machine } from '../../../src/machine/machine.ts'
import { lazyPolicy } from '../../../src/machine/policy.ts'
import type { Storage } from '../../../src/machine/storage.ts'
import { type FrameSource, patternSource } from '../../../src/media/source.ts'

export const CAPTURE: number = v4l2.V4L2_BUF_TYPE_VIDEO_CAPTURE
export const MMAP: number = v4l2.V4L2_MEMORY_MMAP
export const DMABUF: number = v4l2.V4L2_MEMORY_DMABUF
/** Nanoseconds between two frames. */
export const INTERVAL = 1_000_000
export const SIZE: { readonly width: number; readonly height: number } = { width: 32, height: 16 }
/** Bytes of a YU12 frame of that size. */
export const FRAME: number = (SIZE.width * SIZE.height * 3) / 2

/** A descriptor table of the simplest kind. */
export class Files implements CallerFiles {
  readonly open = new Map<number, OpenFile>()
  /** The files that the descriptors were installed with. */
  readonly flags = new Map<number, number>()
  full = false
  #next = 10

  install(file: OpenFile, flags = 0): number {
    if (this.full) throw new KernelError('EMFILE', 'the test says so')
    this.open.set(++this.#next, file)
    this.flags.set(this.#next, flags)
    return this.#next
  }

  requireFree(): void {
    if (this.full) throw new KernelError('EMFILE', 'the test says so')
  }

  lookup(fd: number): OpenFile | undefined {
    return this.open.get(fd)
  }

  revoke(fd: number): void {
    this.open.get(fd)?.release()
    this.open.delete(fd)
  }

  closeAll(): void {
    for (const fd of [...this.open.keys()]) this.revoke(fd)
  }
}

export interface RigOptions {
  readonly board?: Partial<Board>
  readonly source?: FrameSource
}

/** The outcome of a call: the error's name, or `ok`. */
export type Outcome = string

export class Rig {
  readonly machine: Machine
  readonly dma: DmaLayer
  readonly core: DmaBufCore
  readonly heap: PageHeap
  readonly device: CaptureDevice
  readonly files: Files = new Files()
  readonly file: OpenFile
  readonly events: DmabufEvent[] = []
  readonly source: FrameSource

  constructor(options: RigOptions = {}) {
    this.machine = new Machine({ board: { ...armSoc, ...options.board }, policy: lazyPolicy })
    this.machine.events.listen((event) => this.events.push(event))
    this.dma = new DmaLayer(this.machine)
    this.core = new DmaBufCore(this.machine, this.dma)
    this.heap = new PageHeap(this.machine, this.dma, this.core)
    this.source = options.source ?? patternSource(SIZE.width, SIZE.height)
    const jobs = new DeviceJobs(this.machine, this.dma)
    const camera = { source: this.source, frameInterval: INTERVAL }
    this.device = new CaptureDevice(this.machine, this.dma, this.core, jobs, camera)
    this.file = this.device.open(O_RDWR)
  }

  /** Makes the call, and gives the name of its error, or `ok`. */
  async call(
    request: number,
    bytes: Uint8Array,
    options: { file?: OpenFile; signal?: AbortSignal } = {},
  ): Promise<Outcome> {
    const { file = this.file, signal } = options
    try {
      await file.ioctl?.({ request, argument: { bytes }, files: this.files, signal })
      return 'ok'
    } catch (error) {
      if (error instanceof KernelError) return error.code
      throw error
    }
  }

  /** Makes the call, which must succeed, and returns the structure afterwards. */
  async get<V>(request: number, layout: Struct<V>, values: Partial<V>): Promise<V> {
    const bytes = layout.create(values)
    const outcome = await this.call(request, bytes)
    if (outcome !== 'ok') throw new Error(`the call failed with ${outcome}`)
    return layout.decode(bytes)
  }

  /** A descriptor of a fresh heap buffer. */
  heapFd(size: number = FRAME): number {
    return this.fdOf(this.heap.allocate(size))
  }

  /** A descriptor that takes over a reference to `buffer`. */
  fdOf(buffer: DmaBuf): number {
    return this.files.install(new DmaBufFile(this.machine, this.core, buffer, O_RDWR))
  }

  bufferOf(fd: number): DmaBuf {
    const buffer = dmaBufOf(this.files.lookup(fd))
    if (buffer === undefined) throw new Error(`fd ${fd} is no dma-buf`)
    return buffer
  }

  /** The content of memory, past the cache: the first bytes of the heap's buffer behind `fd`. */
  memoryOf(fd: number, length: number): Uint8Array {
    return (this.bufferOf(fd).priv as Storage).memory.slice(0, length)
  }

  setFormat(pixelformat: number, file: OpenFile = this.file): Promise<Outcome> {
    const bytes = v4l2Format.create({ type: CAPTURE })
    v4l2Format.over(bytes).pix.pixelformat = pixelformat
    return this.call(v4l2.VIDIOC_S_FMT, bytes, { file })
  }

  request(count: number, memory: number, file: OpenFile = this.file): Promise<Outcome> {
    const bytes = v4l2Requestbuffers.create({ count, type: CAPTURE, memory })
    return this.call(v4l2.VIDIOC_REQBUFS, bytes, { file })
  }

  queue(values: Partial<V4l2Buffer>, file: OpenFile = this.file): Promise<Outcome> {
    return this.call(v4l2.VIDIOC_QBUF, bufferStruct(values), { file })
  }

  queueFd(index: number, fd: number, length = 0): Promise<Outcome> {
    return this.queue({ index, m_fd: fd, length })
  }

  dequeue(): Promise<V4l2Buffer> {
    return this.get(v4l2.VIDIOC_DQBUF, v4l2Buffer, { type: CAPTURE, memory: DMABUF })
  }

  tryDequeue(options: { file?: OpenFile; signal?: AbortSignal } = {}): Promise<Outcome> {
    return this.call(v4l2.VIDIOC_DQBUF, bufferStruct({}), options)
  }

  query(index: number): Promise<V4l2Buffer> {
    return this.get(v4l2.VIDIOC_QUERYBUF, v4l2Buffer, { type: CAPTURE, index })
  }

  async export(index: number, flags = O_RDWR): Promise<number> {
    const values = { type: CAPTURE, index, flags }
    return (await this.get(v4l2.VIDIOC_EXPBUF, v4l2Exportbuffer, values)).fd
  }

  streamOn(file: OpenFile = this.file): Promise<Outcome> {
    return this.call(v4l2.VIDIOC_STREAMON, v4l2Type.create({ type: CAPTURE }), { file })
  }

  streamOff(file: OpenFile = this.file): Promise<Outcome> {
    return this.call(v4l2.VIDIOC_STREAMOFF, v4l2Type.create({ type: CAPTURE }), { file })
  }

  async sleep(nanoseconds: number): Promise<void> {
    await this.machine.scheduler.sleep(nanoseconds)
  }

  /** `count` heap buffers requested, queued and streaming; their descriptors. */
  async streaming(count: number, size: number = FRAME): Promise<number[]> {
    await this.request(count, DMABUF)
    const fds = Array.from({ length: count }, () => this.heapFd(size))
    for (const [index, fd] of fds.entries()) await this.queueFd(index, fd)
    await this.streamOn()
    return fds
  }

  /** The kinds of events so far, in order, of those that are asked for. */
  kinds(...wanted: DmabufEvent['kind'][]): string[] {
    return this.events.map(({ kind }) => kind).filter((kind) => wanted.includes(kind))
  }
}

export function bufferStruct(values: Partial<V4l2Buffer>): Uint8Array<ArrayBuffer> {
  const bytes = v4l2Buffer.create({ type: CAPTURE, memory: DMABUF })
  Object.assign(v4l2Buffer.over(bytes), values)
  return bytes
}
