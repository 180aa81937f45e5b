import { PAGE_SIZE } from '../../machine/ram.ts'
import type { FrameMemory } from './frame-memory.ts'

/** Where the memory of a queue's buffers comes from. */
export type QueueMemory = 'mmap' | 'dmabuf'

/**
 * `dequeued`: the program's. `preparing`: QBUF is at it. `queued`: waits for a frame. `active`: the
 * camera writes it. `done`: waits for DQBUF. Source: enum vb2_buffer_state.
 */
export type SlotState = 'dequeued' | 'preparing' | 'queued' | 'active' | 'done'

/** What the camera says about a frame in memory. */
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
  #memory: FrameMemory | undefined

  constructor(index: number, frameSize: number, memory?: FrameMemory) {
    this.index = index
    this.frameSize = frameSize
    this.length = frameSize
    this.#memory = memory
  }

  /** What the offset of a slot's mmap is, in bytes: not a place in memory. */
  static offsetOf(index: number): number {
    return index * OFFSET_STEP
  }

  /** Undefined for an imported buffer that was not queued yet. */
  get memory(): FrameMemory | undefined {
    return this.#memory
  }

  /** Keeps imported memory until another takes its place. */
  adopt(memory: FrameMemory): void {
    this.dropMemory()
    this.#memory = memory
  }

  /** Gives the memory up. Does not sleep. */
  dropMemory(): void {
    this.#memory?.release()
    this.#memory = undefined
    this.length = 0
    this.fd = 0
  }

  /** The queue ends. */
  free(): void {
    this.freed = true
    this.dropMemory()
  }
}
