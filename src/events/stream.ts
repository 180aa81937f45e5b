import type { Agent, DmabufEvent, EventId, EventOrigin, NewEvent } from './event.ts'

export type EventListener = (event: DmabufEvent) => void

/** Where events go: numbered in order, stamped with the time and the agent in force. */
export class EventStream {
  #latest: EventId = 0
  readonly #listeners = new Set<EventListener>()
  readonly #now: () => number
  readonly #agent: () => Agent
  readonly #origin: () => EventOrigin | undefined

  /**
   * `now` tells the kernel's time, `agent` who acts when an event does not say, and `origin` from
   * where in the program that agent's call came.
   */
  constructor(
    now: () => number,
    agent: () => Agent,
    origin: () => EventOrigin | undefined = () => undefined,
  ) {
    this.#now = now
    this.#agent = agent
    this.#origin = origin
  }

  /** The id of the newest event; 0 before the first. */
  get latest(): EventId {
    return this.#latest
  }

  /** Numbers and sends one event to every listener, in the order of their registration. */
  emit(event: NewEvent): EventId {
    const id = ++this.#latest
    if (this.#listeners.size === 0) return id
    const stamp = { id, time: this.#now() }
    const full =
      event.agent === undefined
        ? { agent: this.#agent(), origin: this.#origin(), ...event, ...stamp }
        : { ...event, ...stamp }
    for (const listener of this.#listeners) listener(full as DmabufEvent)
    return id
  }

  /** Registers `listener`; returns how to take it back. */
  listen(listener: EventListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
