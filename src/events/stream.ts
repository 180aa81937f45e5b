import type {
  AccessOperation,
  Agent,
  DmabufEvent,
  EventId,
  EventOrigin,
  NewEvent,
} from './event.ts'

export type EventListener = (event: DmabufEvent) => void

/** The cause of an event that a source emits. */
export interface EventSource {
  /** The kernel's time in nanoseconds. */
  readonly now: number
  /** The agent of an event that does not name one. */
  readonly agent: Agent
  /** The line that made that agent act. */
  readonly origin: EventOrigin | undefined
  readonly task: number
  readonly process: number
  /** The event that everything is part of now. */
  readonly within: EventId | undefined
  /** The exporter's operation that is running. */
  readonly during: AccessOperation | undefined
}

/** Where events go. Numbers them in order, and stamps each with its time and its cause. */
export class EventStream {
  #latest: EventId = 0
  readonly #listeners = new Set<EventListener>()
  readonly #source: EventSource

  constructor(source: EventSource) {
    this.#source = source
  }

  /** The id of the newest event; 0 before the first. */
  get latest(): EventId {
    return this.#latest
  }

  /** Numbers and sends one event to every listener, in the order of their registration. */
  emit(event: NewEvent): EventId {
    const id = ++this.#latest
    if (this.#listeners.size === 0) return id
    const full = event.agent === undefined ? this.#ofTask(event, id) : this.#ofAgent(event, id)
    for (const listener of this.#listeners) listener(full as DmabufEvent)
    return id
  }

  /** Registers `listener`; returns a function that removes it. */
  listen(listener: EventListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #ofTask(event: NewEvent, id: EventId): object {
    const { now: time, agent, origin, task, process, within, during } = this.#source
    return { task, process, within, during, agent, origin, ...event, id, time }
  }

  /** The line of a device or of the kernel is known to the emitter alone. */
  #ofAgent(event: NewEvent, id: EventId): object {
    const { now: time, task, process, within, during } = this.#source
    return { task, process, within, during, ...event, id, time }
  }
}
