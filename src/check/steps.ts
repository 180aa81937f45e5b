import type { BracketEvent, DmaSyncEvent, EventId } from '../events/event.ts'

/** What the kernel told of in one go just before a call was back. */
export interface Steps {
  readonly first: EventId
  readonly syncs: readonly DmaSyncEvent[]
  /** The kernel's own checks warned. */
  readonly warned: boolean
}

const MOST_SYNCS = 64

interface Run {
  first: EventId
  last: EventId
  syncs: DmaSyncEvent[]
  warned: boolean
}

/** The newest run of events that follow each other and are part of what some call does to a buffer. */
export class StepRun {
  #run: Run | undefined

  add(event: { readonly id: EventId; readonly kind: string }): void {
    const { id } = event
    if (this.#run === undefined || this.#run.last !== id - 1) {
      this.#run = { first: id, last: id, syncs: [], warned: false }
    } else this.#run.last = id
    if (event.kind === 'misuse') this.#run.warned = true
    if (event.kind !== 'dma-sync' || this.#run.syncs.length >= MOST_SYNCS) return
    this.#run.syncs.push(event as DmaSyncEvent)
  }

  /** What came right before `event`, as part of it. */
  before({ id }: BracketEvent): Steps {
    const run = this.#run
    return run !== undefined && run.last === id - 1 ? run : { first: id, syncs: [], warned: false }
  }
}
