/**
 * The capture queue: which buffer is whose, in the order and with the errors of videobuf2.
 *
 * No cache maintenance happens here for dma-bufs: vb2 skips both its hooks for V4L2_MEMORY_DMABUF, and
 * leaves coherence to the exporter and the program. Its own memory is coherent and needs none.
 * Source: drivers/media/common/videobuf2/videobuf2-core.c of Linux 6.12.
 */
import type { DmaBuf } from '../../kernel/dmabuf/dma-buf.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import type { Mutex } from '../../machine/mutex.ts'
import { WaitQueue } from '../../machine/wait-queue.ts'
import { type CaptureContext, deviceName, devicePath } from './context.ts'
import { type EngineOptions, FrameEngine, type FrameTarget } from './engine.ts'
import type { CaptureFormat } from './format.ts'
import { OwnMemory } from './own-memory.ts'
import { type ImportRequest, prepareImport } from './prepare-import.ts'
import { type CapturedFrame, type QueueMemory, Slot } from './slot.ts'

/** VIDEO_MAX_FRAME */
const MOST_BUFFERS = 32

export class CaptureQueue {
  /** Wakes when a frame is ready, and when the stream stops. */
  readonly changed: WaitQueue = new WaitQueue()
  readonly #context: CaptureContext
  readonly #lock: Mutex
  readonly #engine: FrameEngine
  #slots: readonly Slot[] = []
  #memory: QueueMemory | undefined
  #incoming: Slot[] = []
  #done: Slot[] = []
  #streaming = false
  #somebodyWaits = false
  #neverQueued = true

  constructor(context: CaptureContext, lock: Mutex, options: Omit<EngineOptions, 'next'>) {
    this.#context = context
    this.#lock = lock
    this.#engine = new FrameEngine(context, { ...options, next: () => this.#next() })
  }

  get memory(): QueueMemory | undefined {
    return this.#memory
  }

  get slots(): readonly Slot[] {
    return this.#slots
  }

  get streaming(): boolean {
    return this.#streaming
  }

  /** Whether DQBUF would not wait. */
  get hasDone(): boolean {
    return this.#done.length > 0
  }

  /** Whether nothing was queued since REQBUFS or STREAMOFF, so that poll would wait for ever. */
  get neverQueued(): boolean {
    return this.#neverQueued
  }

  /** The slot at `index`. EINVAL for none. */
  slot(index: number): Slot {
    const slot = this.#slots[index]
    if (slot === undefined) {
      throw new KernelError(
        'EINVAL',
        `there is no buffer ${index}: REQBUFS made ${this.#slots.length}`,
      )
    }
    return slot
  }

  /**
   * REQBUFS: frees the buffers and makes `count` new ones; returns their number. EBUSY while
   * streaming, ENOMEM if not one fits.
   */
  request(count: number, memory: QueueMemory, format: CaptureFormat): number {
    if (this.#streaming)
      throw new KernelError('EBUSY', 'the stream is running: STREAMOFF (stop) first')
    if (this.#somebodyWaits && count > 0) {
      throw new KernelError('EBUSY', 'another task still waits in DQBUF')
    }
    this.free()
    if (count === 0) return 0
    const wanted = Math.min(count, MOST_BUFFERS)
    const slots =
      memory === 'mmap' ? this.#ownSlots(wanted, format.size) : emptySlots(wanted, format)
    if (slots.length === 0) {
      throw new KernelError('ENOMEM', `no memory is left for a frame of ${format.size} bytes`)
    }
    this.#slots = slots
    this.#memory = memory
    return slots.length
  }

  /**
   * May sleep. QBUF: the slot belongs to the camera until it comes out of `dequeue`. EINVAL unless it
   * is the program's; for a dma-buf also for a bad descriptor or length, and the exporter's errors.
   */
  async queue(slot: Slot, request: ImportRequest): Promise<void> {
    if (slot.state !== 'dequeued') {
      throw new KernelError('EINVAL', stateProblem(slot))
    }
    slot.state = 'preparing'
    try {
      if (this.#memory === 'dmabuf') await prepareImport(this.#context, slot, request)
    } finally {
      slot.state = 'dequeued'
    }
    slot.state = 'queued'
    slot.frame = undefined
    this.#neverQueued = false
    this.#incoming.push(slot)
    this.#emit('queue', slot)
  }

  /**
   * May sleep, with the lock released, unless `wait` is false (EAGAIN). DQBUF: the oldest filled
   * buffer. EBUSY when another task waits already, EINVAL when not streaming, EINTR.
   */
  async dequeue(wait: boolean, signal?: AbortSignal): Promise<Slot> {
    for (;;) {
      if (this.#somebodyWaits) throw new KernelError('EBUSY', 'another task waits in DQBUF')
      if (!this.#streaming)
        throw new KernelError('EINVAL', 'the stream is not running: STREAMON (start) first')
      const slot = this.#done.shift()
      if (slot !== undefined) {
        this.#giveBack(slot)
        return slot
      }
      if (!wait) throw new KernelError('EAGAIN', 'no frame is ready')
      await this.#waitForFrame(signal)
    }
  }

  /**
   * EXPBUF: a new dma-buf of the driver's own memory, which the camera has if the slot is queued.
   */
  export(slot: Slot, own: OwnMemory): DmaBuf {
    const buffer = own.export()
    if (slot.state !== 'dequeued') {
      const what = { device: deviceName, index: slot.index, buffer: buffer.inode }
      this.#context.machine.events.emit({ kind: 'queue', ...what })
    }
    return buffer
  }

  /** STREAMON; nothing when it streams already. EINVAL without buffers. */
  streamOn(format: CaptureFormat): void {
    if (this.#streaming) return
    if (this.#slots.length === 0) {
      throw new KernelError('EINVAL', 'the queue has no buffers: REQBUFS first')
    }
    this.#streaming = true
    this.#engine.start(format)
  }

  /** STREAMOFF: stops, and every buffer is the program's again; imported ones stay mapped. */
  streamOff(): void {
    this.#engine.stop()
    this.#streaming = false
    this.#neverQueued = true
    const held = [...this.#done, ...this.#slots.filter(isActive), ...this.#incoming]
    this.#done = []
    this.#incoming = []
    for (const slot of held) this.#giveBack(slot)
    this.changed.wakeAll()
  }

  /** Stops and gives up all memory: REQBUFS with 0, or the owner's last close. */
  free(): void {
    this.streamOff()
    const slots = this.#slots
    this.#slots = []
    this.#memory = undefined
    for (const slot of slots) slot.free()
  }

  /** vb2 makes do with fewer buffers when memory runs out. */
  #ownSlots(count: number, size: number): Slot[] {
    const slots: Slot[] = []
    while (slots.length < count) {
      const memory = OwnMemory.allocate(this.#context, size)
      if (memory === undefined) break
      slots.push(new Slot(slots.length, size, memory))
    }
    return slots
  }

  async #waitForFrame(signal: AbortSignal | undefined): Promise<void> {
    this.#somebodyWaits = true
    this.#lock.release()
    const isOver = (): boolean => this.hasDone || !this.#streaming
    const { scheduler } = this.#context.machine
    const over = await scheduler.until(this.changed, isOver, [devicePath], signal)
    await this.#lock.acquire()
    this.#somebodyWaits = false
    if (!over) throw new KernelError('EINTR', 'the wait for a frame was interrupted')
  }

  #next(): FrameTarget | undefined {
    const slot = this.#incoming[0]
    if (slot?.memory === undefined) return undefined
    this.#incoming.shift()
    slot.state = 'active'
    return { memory: slot.memory, filled: (frame) => this.#filled(slot, frame) }
  }

  #filled(slot: Slot, frame: CapturedFrame): void {
    slot.frame = frame
    slot.state = 'done'
    this.#done.push(slot)
    this.changed.wakeAll()
  }

  #giveBack(slot: Slot): void {
    slot.state = 'dequeued'
    this.#emit('dequeue', slot)
    if (this.#context.imports === 'per-use') slot.unmap()
  }

  #emit(kind: 'queue' | 'dequeue', { index, memory }: Slot): void {
    for (const buffer of memory?.ids ?? []) {
      this.#context.machine.events.emit({ kind, device: deviceName, index, buffer })
    }
  }
}

function emptySlots(count: number, format: CaptureFormat): Slot[] {
  return Array.from({ length: count }, (_, index) => new Slot(index, format.size))
}

function isActive(slot: Slot): boolean {
  return slot.state === 'active'
}

/** Why the program cannot queue a slot. */
function stateProblem({ index, state }: Slot): string {
  if (state === 'preparing') return `buffer ${index} is being queued by another task`
  if (state === 'done') return `buffer ${index} is filled, and DQBUF has not returned it yet`
  return `buffer ${index} is queued already: DQBUF returns it first`
}
