/** What has happened to one buffer, as far as a later event can be judged by it; bounded in size. */
import type {
  BracketEvent,
  BufferId,
  CpuAccess,
  CpuAccessEvent,
  CpuMapEvent,
  DeviceAccessEvent,
  DmabufEvent,
  DmaMapEvent,
  EventId,
  EventOrigin,
  JobEvent,
  MaintenanceEvent,
  MemoryAttribute,
  QueueEvent,
  Range,
} from '../events/event.ts'
import { RangeMap } from './range-map.ts'

/** A CPU access: from a START that succeeded to its END. */
export interface Bracket {
  readonly start: BracketEvent
  readonly task: string
  readonly access: CpuAccess
  /** The first event of the START: its maintenance comes before it is back. */
  readonly began: EventId
  end: BracketEvent | undefined
  /** No store after this event can belong to it. */
  ended: EventId
  /** A START for reading that came while this access, for writing, was open. */
  interrupted: BracketEvent | undefined
  /** A finding tells of it already: one mistake is told once. */
  blamed: boolean
}

/** A store, with what was true of its buffer when it happened. */
export interface Store {
  readonly event: CpuAccessEvent | DeviceAccessEvent
  readonly by: 'task' | 'device' | 'kernel'
  /** Of the store, or of the view that it went through. */
  readonly origin: EventOrigin | undefined
  readonly attribute: MemoryAttribute | undefined
  /** The CPU access that it happened in. */
  readonly bracket: Bracket | undefined
  /** A START that failed, and was not repeated, before it. */
  readonly failedStart: BracketEvent | undefined
  /** A CPU store whose dirty line lay over the range at that time. */
  readonly overDirty: Store | undefined
  /** When the job of a device began. */
  readonly job: JobEvent | undefined
  /** When its driver took the buffer into a queue. */
  readonly queued: QueueEvent | undefined
}

/** A view of a mapping that was taken with no CPU access open. */
export interface LooseView {
  readonly event: DmabufEvent
  readonly mapping: number
  readonly range: Range
}

const MOST_RANGES = 256
const MOST_RECENT = 64
const MOST_OPEN = 16

export function reads(access: CpuAccess): boolean {
  return access !== 'write'
}
export function writes(access: CpuAccess): boolean {
  return access !== 'read'
}

export class BufferHistory {
  readonly id: BufferId
  size: number | undefined
  exporter = 'exporter'
  exported: DmabufEvent | undefined
  released = false
  /** The first event in which a device came to know the buffer. */
  shared: DmabufEvent | undefined
  readonly open: Bracket[] = []
  lastWriteBracket: Bracket | undefined
  lastReadBracket: Bracket | undefined
  lastBracket: Bracket | undefined
  /** The newest START or END, where it failed. */
  failed: BracketEvent | undefined
  readonly jobs: Map<number, JobEvent> = new Map()
  /** The drivers that hold it in their queues. */
  readonly owners: Map<string, QueueEvent> = new Map()
  readonly dma: Map<number, DmaMapEvent> = new Map()
  readonly deadDma: Map<number, DmaMapEvent> = new Map()
  readonly cpuMaps: Map<number, CpuMapEvent> = new Map()
  readonly deviceStores: RangeMap<Store> = new RangeMap(MOST_RANGES)
  /** CPU stores whose lines nobody has cleaned or dropped since. */
  readonly dirty: RangeMap<Store> = new RangeMap(MOST_RANGES)
  lastDeviceStore: Store | undefined
  looseViews: LooseView[] = []
  readonly #recentStores: Store[] = []
  readonly #recentMaintenance: MaintenanceEvent[] = []
  #maintenanceRun: { first: EventId; last: EventId } | undefined

  constructor(id: BufferId) {
    this.id = id
  }

  openFor(use: 'read' | 'write', task?: string): Bracket | undefined {
    const covers = use === 'read' ? reads : writes
    const fits = ({ access, ...bracket }: Bracket): boolean =>
      covers(access) && (task === undefined || bracket.task === task)
    return this.open.findLast(fits)
  }

  start(event: BracketEvent): Bracket {
    const bracket: Bracket = {
      start: event,
      task: event.agent.name,
      access: event.access,
      began: this.#beganWith(event),
      end: undefined,
      ended: Number.POSITIVE_INFINITY,
      interrupted: undefined,
      blamed: false,
    }
    for (const open of this.open) {
      if (writes(open.access) && reads(event.access)) open.interrupted ??= event
    }
    this.open.push(bracket)
    // A program that forgets every END has been told about it long ago.
    if (this.open.length > MOST_OPEN) this.open.shift()
    this.#remember(bracket)
    return bracket
  }

  /** The access that an END would end: the newest of its task with the same flags, else the newest. */
  endedBy(event: BracketEvent): Bracket | undefined {
    const own = this.open.filter(({ task }) => task === event.agent.name)
    const candidates = own.length > 0 ? own : this.open
    return candidates.findLast(({ access }) => access === event.access) ?? candidates.at(-1)
  }

  end(event: BracketEvent): void {
    const bracket = this.endedBy(event)
    if (bracket === undefined) return
    this.open.splice(this.open.indexOf(bracket), 1)
    bracket.end = event
    bracket.ended = this.#beganWith(event)
    this.#remember(bracket)
  }

  /** Part of what a CPU access or a map does, told just before the event of its own. */
  addStep({ id }: { readonly id: EventId }): void {
    const run = this.#maintenanceRun
    if (run !== undefined && run.last === id - 1) run.last = id
    else this.#maintenanceRun = { first: id, last: id }
  }

  addMaintenance(event: MaintenanceEvent): void {
    this.addStep(event)
    keep(this.#recentMaintenance, event)
    this.dirty.delete(event.range)
  }

  addRecentStore(store: Store): void {
    keep(this.#recentStores, store)
  }

  /** The newest CPU store after `since` that the test holds for. */
  cpuStoreAfter(since: EventId, test: (store: Store) => boolean): Store | undefined {
    return this.#recentStores.findLast((store) => store.event.id > since && test(store))
  }

  /** The first operation on cache lines of the range after `since`. */
  maintenanceAfter(
    since: EventId,
    op: MaintenanceEvent['op'],
    { start, end }: Range,
  ): MaintenanceEvent | undefined {
    return this.#recentMaintenance.find(
      ({ id, range, ...event }) =>
        id > since && event.op === op && range.start < end && start < range.end,
    )
  }

  /** A buffer that is gone takes its ranges along; what its findings need stays. */
  forgetRanges(): void {
    this.deviceStores.clear()
    this.dirty.clear()
    this.#recentStores.length = 0
    this.#recentMaintenance.length = 0
  }

  #beganWith(event: BracketEvent): EventId {
    const run = this.#maintenanceRun
    return run !== undefined && run.last === event.id - 1 ? run.first : event.id
  }

  #remember(bracket: Bracket): void {
    this.lastBracket = bracket
    if (writes(bracket.access)) this.lastWriteBracket = bracket
    if (reads(bracket.access)) this.lastReadBracket = bracket
  }
}

function keep<T>(list: T[], item: T): void {
  list.push(item)
  if (list.length > MOST_RECENT) list.shift()
}
