import type { DmabufEvent } from './event.ts'
import type { EventListener } from './stream.ts'

/** So many events are handed over at once: enough for the listener's code to be warm. */
const SIZE = 1024

/**
 * Hands events on in batches, in order. Work that can wait, such as judging, then costs a fraction of its cost
 * between two frames, when the host's caches are full of pixels.
 */
export class EventBatch {
  readonly #listener: EventListener
  #waiting: DmabufEvent[] = []

  constructor(listener: EventListener) {
    this.#listener = listener
  }

  add(event: DmabufEvent): void {
    this.#waiting.push(event)
    if (this.#waiting.length >= SIZE) this.flush()
  }

  /** Hands on the waiting events. Call it before the listener's result is read. */
  flush(): void {
    const batch = this.#waiting
    this.#waiting = []
    for (const event of batch) this.#listener(event)
  }
}
