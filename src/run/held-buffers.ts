/**
 * The holders of each queue's buffers, and the last call of each task: for programs that wait for
 * ever.
 */
import type {
  BufferId,
  CallEvent,
  DmabufEvent,
  EventOrigin,
  JobEvent,
  QueueEvent,
} from '../events/event.ts'

/** A buffer that a device's queue had and returned. */
export interface OutBuffer {
  readonly buffer: BufferId
  /** Where it was taken out of the queue. */
  readonly origin: EventOrigin | undefined
  /** The device that reads it now; undefined: the program has it. */
  readonly reader: string | undefined
}

export interface HeldQueue {
  readonly device: string
  readonly queued: number
  readonly out: readonly OutBuffer[]
}

export class HeldBuffers {
  /** The newest event of each buffer, by device. */
  readonly #queues = new Map<string, Map<BufferId, QueueEvent>>()
  readonly #readers = new Map<number, JobEvent>()
  readonly #lastCalls = new Map<string, CallEvent>()

  observe(event: DmabufEvent): void {
    switch (event.kind) {
      case 'call':
        if (event.phase === 'enter') this.#called(event)
        return
      case 'queue':
      case 'dequeue':
        this.#queueOf(event.device).set(event.buffer, event)
        return
      case 'job-start':
        if (event.access === 'read') this.#readers.set(event.job, event)
        return
      case 'job-end':
        this.#readers.delete(event.job)
        return
      case 'release':
        for (const queue of this.#queues.values()) queue.delete(event.buffer)
        return
      default:
        return
    }
  }

  /** The queues that have had buffers and have them still. */
  get queues(): HeldQueue[] {
    return [...this.#queues].flatMap(([device, queue]) =>
      queue.size === 0 ? [] : [this.#held(device, [...queue.values()])],
    )
  }

  /** The last call that a task made on the waist. */
  lastCall(task: string): CallEvent | undefined {
    return this.#lastCalls.get(task)
  }

  #held(device: string, events: readonly QueueEvent[]): HeldQueue {
    const out = events.filter(({ kind }) => kind === 'dequeue')
    return {
      device,
      queued: events.length - out.length,
      out: out.map(({ buffer, origin }) => ({ buffer, origin, reader: this.#readerOf(buffer) })),
    }
  }

  #readerOf(buffer: BufferId): string | undefined {
    return [...this.#readers.values()].find((job) => job.buffer === buffer)?.device
  }

  #queueOf(device: string): Map<BufferId, QueueEvent> {
    const known = this.#queues.get(device)
    if (known !== undefined) return known
    const queue = new Map<BufferId, QueueEvent>()
    this.#queues.set(device, queue)
    return queue
  }

  #called(event: CallEvent): void {
    if (event.agent.kind === 'task') this.#lastCalls.set(event.agent.name, event)
  }
}
