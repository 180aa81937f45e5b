import { PAGE_SIZE } from '../../abi/fcntl.ts'
import type { FrameMemory, ImportedMemory } from './frame-memory.ts'
import type { OwnMemory } from './own-memory.ts'

/** Where the memory of a queue's buffers comes from. */
export type QueueMemory = 'mmap' | 'dmabuf'

/**
 * `dequeued`: the program's. `preparing`: QBUF is at it. `queued`: waits for a frame. `active`: the
 * camera writes it. `done`: waits for DQBUF. Source: enum vb2_buffer_state.
 */
export type SlotState = 'dequeued' | 'preparing' | 'queued' | 'active' | 'done'

/** The camera's data about a frame in memory. */
export interface CapturedFrame {
  readonly sequence: number
  /** Virtual nanoseconds at which the last byte was written. */
  readonly time: number
  readonly bytes: number
}

/** vb2 puts the index above three bits for the plane. */
const OFFSET_STEP = PAGE_SIZE * 8

/** A buffer of the queue (struct vb2_buffer): a number, and memory behind it. */
export class Slot {
  readonly index: number
  /** Bytes that a frame takes. */
  readonly frameSize: number
  state: SlotState = 'dequeued'
  /** The descriptor that the program gave last. */
  fd = 0
  /** Bytes of the memory, as the program declared or the driver allocated. */
  length: number
  /** The frame in it; undefined until there is one, and again from QBUF on. */
  frame: CapturedFrame | undefined
  /** The queue was freed: a call that still prepares this slot must give up. */
  freed = false
  /** The driver's own memory, of a queue of the memory MMAP. */
  readonly own: OwnMemory | undefined
  #imported: ImportedMemory | undefined

  constructor(index: number, frameSize: number, own?: OwnMemory) {
    this.index = index
    this.frameSize = frameSize
    this.length = frameSize
    this.own = own
  }

  /** The mmap offset of a slot, in bytes: a number, not a place in memory. */
  static offsetOf(index: number): number {
    return index * OFFSET_STEP
  }

  /** Undefined for an imported buffer that was not queued yet. */
  get memory(): FrameMemory | undefined {
    return this.own ?? this.#imported
  }

  /** The dma-buf that was queued last. */
  get imported(): ImportedMemory | undefined {
    return this.#imported
  }

  /** Keeps imported memory until another takes its place. */
  adopt(memory: ImportedMemory): void {
    this.dropMemory()
    this.#imported = memory
  }

  /** Unmaps imported memory; the program's descriptor stays. Does not sleep. */
  unmap(): void {
    this.#imported?.release()
    this.#imported = undefined
  }

  /** Gives imported memory up. Does not sleep. */
  dropMemory(): void {
    this.unmap()
    this.length = 0
    this.fd = 0
  }

  /** The queue ends. */
  free(): void {
    this.freed = true
    this.own?.release()
    this.dropMemory()
  }
}
