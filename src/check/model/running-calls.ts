import type { CallEvent, DmabufEvent, EventId } from '../../events/event.ts'

/** The system calls that have begun and not returned, by the events in which they began. */
export class RunningCalls {
  readonly #entered = new Map<EventId, CallEvent>()

  observe(event: DmabufEvent): void {
    if (event.kind !== 'call') return
    if (event.phase === 'enter') this.#entered.set(event.id, event)
    else if (event.within !== undefined) this.#entered.delete(event.within)
  }

  /** The call during which `event` happens. */
  around({ within }: DmabufEvent): CallEvent | undefined {
    return within === undefined ? undefined : this.#entered.get(within)
  }
}
