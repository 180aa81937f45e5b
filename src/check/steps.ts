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
  /** What the exporter does to its own memory, which belongs in between. */
  beside: StepRun | undefined
  #run: Run | undefined

  add(event: DmabufEvent): void {
    const { id } = event
    const run = this.#until(id) ?? { first: id, last: id, syncs: [], warnings: [] }
    run.last = id
    this.#run = run
    const { syncs, warnings } = run
    if (event.kind === 'dma-sync' && syncs.length < MOST) syncs.push(event)
    if (event.kind === 'misuse' && warnings.length < MOST) warnings.push(event)
  }

  /** Something that is found on the way, and no part of the call. */
  pass({ id }: DmabufEvent): void {
    const run = this.#until(id)
    if (run !== undefined) run.last = id
  }

  /** What came right before `event`, as part of it. */
  before({ id }: BracketEvent): Steps {
    return this.#until(id) ?? { first: id, syncs: [], warnings: [] }
  }

  /** The run that goes on up to the event before `id`, with what was done beside it. */
  #until(id: EventId): Run | undefined {
    const { beside } = this
    const done = beside === undefined ? undefined : beside.#until(id)
    if (done !== undefined) this.#join(done)
    return this.#run?.last === id - 1 ? this.#run : undefined
  }

  #join({ first, last, syncs, warnings }: Run): void {
    const run = this.#run
    if (run === undefined || run.last < first - 1) {
      this.#run = { first, last, syncs: [...syncs], warnings: [...warnings] }
      return
    }
    const isNew = ({ id }: DmabufEvent): boolean => id > run.last
    run.syncs.push(...syncs.filter(isNew).slice(0, MOST - run.syncs.length))
    run.warnings.push(...warnings.filter(isNew).slice(0, MOST - run.warnings.length))
    run.last = last
  }
}
