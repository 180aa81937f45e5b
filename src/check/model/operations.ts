/** The methods of the classes that a program has called and that may still be under way. */
import type { BufferId, EventId, EventOrigin, OperationEvent } from '../../events/event.ts'

/** One call of such a method. */
export interface Operation {
  readonly begin: OperationEvent
  readonly buffers: readonly BufferId[]
  /** The operation whose callback makes the call. */
  readonly within: Operation | undefined
  awaited: boolean
  /** The event in which its promise was settled. */
  ended: EventId | undefined
  /** A finding says already that it was not awaited. */
  told: boolean
}

export class Operations {
  readonly #live = new Map<number, Operation>()
  /** By the event in which it began. */
  readonly #byBegin = new Map<EventId, Operation>()
  /** Every event of one operation carries the same origin, the call's. */
  readonly #byOrigin = new WeakMap<EventOrigin, Operation>()

  /** Those that are not over, and those that were not awaited so far. */
  get live(): IterableIterator<Operation> {
    return this.#live.values()
  }

  /** Whether a finding says already that the program did not await its use of a buffer. */
  explain(buffer: BufferId): boolean {
    for (const operation of this.#live.values()) {
      const { begin, buffers } = operation
      if (begin.by !== 'cpu' || !buffers.includes(buffer)) continue
      if (operation.told || this.forgotten(operation)?.told === true) return true
    }
    return false
  }

  /** The operation that an operation event is about, while it is live. */
  get({ operation }: OperationEvent): Operation | undefined {
    return this.#live.get(operation)
  }

  /** The operation that an event is part of. */
  of({ origin }: { readonly origin?: EventOrigin | undefined }): Operation | undefined {
    return origin === undefined ? undefined : this.#byOrigin.get(origin)
  }

  /**
   * The outermost operation around this one that is not awaited so far: its inner calls run
   * unattended.
   */
  forgotten({ within }: Operation): Operation | undefined {
    let outermost: Operation | undefined
    for (let around = within; around !== undefined; around = around.within) {
      if (!around.awaited) outermost = around
    }
    return outermost
  }

  /** Whether an event is part of a call within one that a finding says was not awaited. */
  isWithinTold(event: { readonly origin?: EventOrigin | undefined }): boolean {
    const operation = this.of(event)
    return operation !== undefined && this.forgotten(operation)?.told === true
  }

  begin(event: OperationEvent, buffers: readonly BufferId[]): Operation {
    const within = event.within === undefined ? undefined : this.#byBegin.get(event.within)
    const state = { awaited: false, ended: undefined, told: false }
    const operation: Operation = { begin: event, buffers, within, ...state }
    this.#live.set(event.operation, operation)
    this.#byBegin.set(event.id, operation)
    if (event.origin !== undefined) this.#byOrigin.set(event.origin, operation)
    return operation
  }

  /** Its promise is awaited, or settled. */
  progress({ operation: id, phase, id: event }: OperationEvent): void {
    const operation = this.#live.get(id)
    if (operation === undefined) return
    if (phase === 'awaited') operation.awaited = true
    else if (phase === 'end') operation.ended = event
    if (!operation.awaited || operation.ended === undefined) return
    this.#live.delete(id)
    this.#byBegin.delete(operation.begin.id)
  }
}
