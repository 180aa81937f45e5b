import type {
  AccessEdgeEvent,
  BufferId,
  DmabufEvent,
  DmaSyncEvent,
  EventId,
  MisuseEvent,
} from '../../events/event.ts'

/** The work of an exporter's operation on one buffer at an end of a CPU access. */
export interface Effects {
  /** The first event of the work; that of the call's result if there was none. */
  readonly first: EventId
  readonly syncs: readonly DmaSyncEvent[]
  /** Warnings of the kernel's own checks. */
  readonly warnings: readonly MisuseEvent[]
}

interface Work {
  first: EventId
  readonly syncs: DmaSyncEvent[]
  readonly warnings: MisuseEvent[]
}

/** The buffer or the driver that the work is about: both are kept apart in one map. */
type Subject = BufferId | string

/** Events of each kind that are kept of one call on one buffer. */
const MOST = 64

/**
 * The effects of exporters' operations in the system calls that are running. Events name the call that they
 * are within, so calls that overlap do not mix.
 */
export class CallEffects {
  readonly #calls = new Map<EventId, Map<Subject, Work>>()

  /**
   * The kernel did something to a buffer. `owner` is the driver whose own memory it is: an exporter may
   * do it for any of its buffers.
   */
  add(event: DmabufEvent & { readonly buffer?: BufferId | undefined }, owner?: string): void {
    const { within, buffer, during } = event
    if (within === undefined || buffer === undefined || during === undefined) return
    this.#add(within, buffer, event)
    if (owner !== undefined) this.#add(within, owner, event)
  }

  /** The work that `event` completes. `exporter` is the driver that exported the buffer. */
  of({ id, within, buffer }: AccessEdgeEvent, exporter: string | undefined): Effects {
    const call = within === undefined ? undefined : this.#calls.get(within)
    const own = call?.get(buffer)
    const beside = exporter === undefined ? undefined : call?.get(exporter)
    return {
      first: Math.min(own?.first ?? id, beside?.first ?? id),
      syncs: [...(own?.syncs ?? []), ...(beside?.syncs ?? [])].sort(byId),
      warnings: [...(own?.warnings ?? []), ...(beside?.warnings ?? [])].sort(byId),
    }
  }

  /** `event` has taken its effects: later ones in the same call belong to another CPU access. */
  taken({ within, buffer }: AccessEdgeEvent, exporter: string | undefined): void {
    const call = within === undefined ? undefined : this.#calls.get(within)
    call?.delete(buffer)
    if (exporter !== undefined) call?.delete(exporter)
  }

  /** The call that began with `entry` has returned. */
  returned(entry: EventId | undefined): void {
    if (entry !== undefined) this.#calls.delete(entry)
  }

  #add(within: EventId, subject: Subject, event: DmabufEvent): void {
    const call = this.#calls.get(within) ?? new Map<Subject, Work>()
    this.#calls.set(within, call)
    const work = call.get(subject) ?? { first: event.id, syncs: [], warnings: [] }
    call.set(subject, work)
    if (event.kind === 'dma-sync' && work.syncs.length < MOST) work.syncs.push(event)
    if (event.kind === 'misuse' && work.warnings.length < MOST) work.warnings.push(event)
  }
}

function byId(a: DmabufEvent, b: DmabufEvent): number {
  return a.id - b.id
}
