/**
 * The sensor and its DMA engine, in virtual time: every frame interval a frame, written to the oldest
 * waiting buffer. A frame that finds no buffer, or the engine still at work, is lost and counted.
 */
import type { DeviceJob } from '../../kernel/dmabuf/device-job.ts'
import { writePadded } from '../../media/padded.ts'
import type { FrameSource } from '../../media/source.ts'
import type { CaptureContext } from './context.ts'
import type { CaptureFormat } from './format.ts'
import type { FrameMemory } from './frame-memory.ts'
import type { CapturedFrame } from './slot.ts'

/** An item of the driver's queue: memory, and the callback for a filled buffer. */
export interface FrameTarget {
  readonly memory: FrameMemory
  filled(frame: CapturedFrame): void
}

interface Transfer {
  readonly job: DeviceJob
  /** Takes back the timer of its end. */
  readonly cancel: () => void
}

/** The part of the engine that does not change. */
export interface EngineOptions {
  readonly source: FrameSource
  /** Nanoseconds between two frames. */
  readonly frameInterval: number
  /** The next waiting buffer, oldest first. */
  readonly next: () => FrameTarget | undefined
}

export class FrameEngine {
  readonly #context: CaptureContext
  readonly #options: EngineOptions
  #scratch = new Uint8Array(0)
  #sequence = 0
  #due = 0
  #cancelTick: (() => void) | undefined
  #transfer: Transfer | undefined

  constructor(context: CaptureContext, options: EngineOptions) {
    this.#context = context
    this.#options = options
  }

  /** Frame 0 is ready for transfer one interval from now. Does not sleep. */
  start(format: CaptureFormat): void {
    this.#sequence = 0
    this.#due = this.#context.machine.scheduler.now
    this.#arm(format)
  }

  /** Stops at once, as hardware does: a transfer under way ends without its frame. */
  stop(): void {
    this.#cancelTick?.()
    this.#cancelTick = undefined
    this.#transfer?.cancel()
    this.#transfer?.job.finish()
    this.#transfer = undefined
  }

  #arm(format: CaptureFormat): void {
    this.#due += this.#options.frameInterval
    this.#cancelTick = this.#context.machine.scheduler.at(this.#due, () => this.#tick(format))
  }

  #tick(format: CaptureFormat): void {
    const sequence = this.#sequence++
    const target = this.#transfer === undefined ? this.#options.next() : undefined
    if (target !== undefined) this.#begin(format, target, sequence)
    this.#arm(format)
  }

  #begin(format: CaptureFormat, target: FrameTarget, sequence: number): void {
    const { machine, jobs } = this.#context
    const job = jobs.start(target.memory.mapping, 'write', { start: 0, end: format.size })
    const duration = Math.round(machine.board.cost.dmaByte * format.size)
    const cancel = machine.scheduler.at(machine.scheduler.now + duration, () =>
      this.#end(format, target, sequence),
    )
    this.#transfer = { job, cancel }
  }

  #end(format: CaptureFormat, target: FrameTarget, sequence: number): void {
    const job = this.#transfer?.job
    this.#transfer = undefined
    job?.store(0, this.#frame(format, sequence))
    job?.finish()
    target.filled({ sequence, time: this.#context.machine.scheduler.now, bytes: format.size })
  }

  /** The frame's bytes, to be used at once: the source's own, or the scratch array's. */
  #frame(format: CaptureFormat, sequence: number): Uint8Array {
    const { source } = this.#options
    const index = sequence % source.frameCount
    const frame = source.frame(index)
    if (format.pixel.name === 'YU12' && format.size === frame.length) return frame
    if (this.#scratch.length !== format.size) this.#scratch = new Uint8Array(format.size)
    writePadded(frame, source, format.pixel, this.#scratch, format)
    return this.#scratch
  }
}
