import type {
  BracketEvent,
  DmabufEvent,
  DmaSyncEvent,
  EventId,
  MisuseEvent,
} from '../events/event.ts'

/** What the kernel told of in one go just before a call was back. */
export interface Steps {
  readonly first: EventId
  readonly syncs: readonly DmaSyncEvent[]
  /** What the kernel's own checks warned of. */
  readonly warnings: readonly MisuseEvent[]
}

const MOST = 64

interface Run {
  first: EventId
  last: EventId
  syncs: DmaSyncEvent[]
  warnings: MisuseEvent[]
}

/** The newest run of events that follow each other and are part of what some call does to a buffer. */
export class StepRun {
  #run: Run | undefined

  add(event: DmabufEvent): void {
    const { id } = event
    if (this.#run === undefined || this.#run.last !== id - 1) {
      this.#run = { first: id, last: id, syncs: [], warnings: [] }
    } else this.#run.last = id
    const { syncs, warnings } = this.#run
    if (event.kind === 'dma-sync' && syncs.length < MOST) syncs.push(event)
    if (event.kind === 'misuse' && warnings.length < MOST) warnings.push(event)
  }

  /** Something that is found on the way, and no part of the call. */
  pass({ id }: DmabufEvent): void {
    if (this.#run !== undefined && this.#run.last === id - 1) this.#run.last = id
  }

  /** What came right before `event`, as part of it. */
  before({ id }: BracketEvent): Steps {
    const run = this.#run
    return run !== undefined && run.last === id - 1 ? run : { first: id, syncs: [], warnings: [] }
  }
}
