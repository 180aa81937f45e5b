/** The history of one buffer, as far as a later event depends on it; bounded in size. */
import type {
  AccessEdgeEvent,
  BounceCopyEvent,
  BufferId,
  CpuMapEvent,
  DmabufEvent,
  DmaMapEvent,
  DmaSyncEvent,
  DriverName,
  EventId,
  JobEvent,
  MaintenanceEvent,
  MemoryAttribute,
  MisuseEvent,
  PageTableEvent,
  QueueEvent,
  Range,
  ScanoutEvent,
} from '../../events/event.ts'
import { type Bracket, reads, writes } from './bracket.ts'
import type { CallEffects, Effects } from './call-effects.ts'
import type { MapEvent } from './pieces.ts'
import { overlaps, RangeMap } from './range-map.ts'
import type { Store } from './store.ts'

/** A view of a mapping that was taken with no CPU access open. */
export interface LooseView {
  readonly event: DmabufEvent
  readonly mapping: number
  readonly range: Range
}

/** A mapping for a device, and its end. */
export interface MappedDma {
  readonly map: DmaMapEvent
  unmap: DmaMapEvent | undefined
}

const MOST_RANGES = 256
const MOST_RECENT = 64
const MOST_OPEN = 16
const MOST_DEAD = 64

export class BufferHistory {
  readonly id: BufferId
  size: number | undefined
  /** Of memory that is not a dma-buf: its name, its owner, and how its driver accesses it. */
  what: string | undefined
  owner: string | undefined
  attribute: MemoryAttribute = 'cached'
  exporter = 'exporter'
  /** Whose operations the exporter's are, where that is known. */
  driver: DriverName | undefined
  exported: DmabufEvent | undefined
  released = false
  /** The first event in which a device got the buffer. */
  shared: DmabufEvent | undefined
  readonly open: Bracket[] = []
  lastWriteBracket: Bracket | undefined
  lastReadBracket: Bracket | undefined
  lastBracket: Bracket | undefined
  /** The newest START or END, where it failed. */
  failed: AccessEdgeEvent | undefined
  readonly jobs: Map<number, JobEvent> = new Map()
  /** The drivers that hold it in their queues. */
  readonly owners: Map<string, QueueEvent> = new Map()
  /** The pictures in it that displays have taken, by their numbers. */
  readonly pictures: Map<string, ScanoutEvent> = new Map()
  readonly dma: Map<number, DmaMapEvent> = new Map()
  readonly #deadDma = new Map<number, MappedDma>()
  /** Of mappings whose importer unmaps in another direction than it mapped: where it does. */
  readonly misdirected: Map<number, MisuseEvent> = new Map()
  /** Mappings whose attachment is gone. */
  readonly #left = new Set<number>()
  readonly #lost = new WeakSet<MapEvent>()
  readonly cpuMaps: Map<number, CpuMapEvent> = new Map()
  readonly deviceStores: RangeMap<Store> = new RangeMap(MOST_RANGES)
  /** CPU stores whose lines were not cleaned or dropped since. */
  readonly dirty: RangeMap<Store> = new RangeMap(MOST_RANGES)
  lastDeviceStore: Store | undefined
  looseViews: LooseView[] = []
  /** The last page fault of each byte. */
  readonly faults: RangeMap<PageTableEvent> = new RangeMap(MOST_RANGES)
  readonly #recentStores: Store[] = []
  readonly #recentMaintenance: MaintenanceEvent[] = []
  readonly #recentSyncs: DmaSyncEvent[] = []
  readonly #recentCopies: BounceCopyEvent[] = []
  readonly #effects: CallEffects

  constructor(id: BufferId, effects: CallEffects) {
    this.id = id
    this.#effects = effects
  }

  /** As sentences name it. */
  get name(): string {
    return this.what ?? `buffer ${this.id}`
  }

  tookPicture(event: ScanoutEvent): void {
    this.pictures.set(`${event.device} ${event.picture}`, event)
  }

  releasedPicture(event: ScanoutEvent): void {
    this.pictures.delete(`${event.device} ${event.picture}`)
  }

  /** A mapping that lives, or that died not too long ago. */
  mapped(mapping: number | undefined): MappedDma | undefined {
    if (mapping === undefined) return undefined
    const map = this.dma.get(mapping)
    return map === undefined ? this.#deadDma.get(mapping) : { map, unmap: undefined }
  }

  /** The mappings for a device that lived at an event. */
  mappedAt(device: string, event: EventId): DmaMapEvent[] {
    const dead = [...this.#deadDma.values()].filter(({ unmap }) => (unmap?.id ?? 0) > event)
    return [...this.dma.values(), ...dead.map(({ map }) => map)].filter(
      (map) => map.device === device && map.id < event,
    )
  }

  /** The attachment ends: mappings that are left through it stay behind. */
  detach(attachment: number): void {
    for (const map of this.dma.values()) {
      if (map.attachment === attachment) this.#left.add(map.mapping)
    }
  }

  /** Whether the mapping outlived its attachment. */
  isLeft({ mapping }: DmaMapEvent): boolean {
    return this.#left.has(mapping)
  }

  unmap(event: DmaMapEvent): void {
    const map = this.dma.get(event.mapping)
    if (map === undefined) return
    this.dma.delete(event.mapping)
    this.#left.delete(event.mapping)
    this.#deadDma.set(event.mapping, { map, unmap: event })
    if (this.#deadDma.size > MOST_DEAD) dropOldest(this.#deadDma)
  }

  /** The memory of a mapping was freed, or the buffer has moved: it has a finding already. */
  losesMemory(map: MapEvent): void {
    this.#lost.add(map)
  }

  hasLostMemory(map: MapEvent | undefined): boolean {
    return map !== undefined && this.#lost.has(map)
  }

  openFor(use: 'read' | 'write', task?: number): Bracket | undefined {
    const covers = use === 'read' ? reads : writes
    const fits = ({ access, ...bracket }: Bracket): boolean =>
      covers(access) && (task === undefined || bracket.task === task)
    return this.open.findLast(fits)
  }

  start(event: AccessEdgeEvent): Bracket {
    const begun = this.#takeEffects(event)
    const bracket: Bracket = {
      start: event,
      task: event.task,
      access: event.access,
      began: begun.first,
      begun,
      end: undefined,
      ended: Number.POSITIVE_INFINITY,
      ending: Number.POSITIVE_INFINITY,
      done: undefined,
      used: new Set(),
      unmapped: undefined,
      interrupted: undefined,
      blamed: false,
    }
    for (const open of this.open) {
      if (writes(open.access) && reads(event.access)) open.interrupted ??= event
    }
    this.open.push(bracket)
    // A program that forgets every END has its finding long before.
    if (this.open.length > MOST_OPEN) this.open.shift()
    this.#remember(bracket)
    return bracket
  }

  /** The access that an END would end: the newest of its task with the same flags, else the newest. */
  endedBy(event: AccessEdgeEvent): Bracket | undefined {
    const own = this.open.filter(({ task }) => task === event.task)
    const candidates = own.length > 0 ? own : this.open
    return candidates.findLast(({ access }) => access === event.access) ?? candidates.at(-1)
  }

  end(event: AccessEdgeEvent): void {
    const bracket = this.endedBy(event)
    if (bracket === undefined) return
    this.open.splice(this.open.indexOf(bracket), 1)
    bracket.done = this.#takeEffects(event)
    bracket.end = event
    bracket.ended = bracket.done.first
    bracket.ending = event.within ?? bracket.ended
    this.#remember(bracket)
  }

  /** The CPU access that was open when something happened between two events, newest first. */
  bracketAround(since: EventId, until: EventId): Bracket | undefined {
    return [...this.open, this.lastReadBracket, this.lastWriteBracket, this.lastBracket].findLast(
      (bracket) => bracket !== undefined && bracket.began < until && since < bracket.ended,
    )
  }

  /** The kernel's work in the call that `event` ends. */
  effectsOf(event: AccessEdgeEvent): Effects {
    return this.#effects.of(event, this.driver?.name)
  }

  #takeEffects(event: AccessEdgeEvent): Effects {
    const effects = this.effectsOf(event)
    this.#effects.taken(event, this.driver?.name)
    return effects
  }

  addMisuse(event: MisuseEvent): void {
    const { code, mapping } = event
    if (code !== 'attachment-unmap-direction' || mapping === undefined) return
    this.misdirected.set(mapping, event)
    if (this.misdirected.size > MOST_DEAD) dropOldest(this.misdirected)
  }

  addSync(event: DmaSyncEvent): void {
    keep(this.#recentSyncs, event)
  }

  addCopy(event: BounceCopyEvent): void {
    keep(this.#recentCopies, event)
  }

  /** The copies between the buffer and its bounce copies after `since`. */
  copiesAfter(since: EventId): BounceCopyEvent[] {
    return this.#recentCopies.filter(({ id }) => id > since)
  }

  addMaintenance(event: MaintenanceEvent): void {
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

  /** The newest CPU store to the range that the test holds for. */
  cpuStoreIn(range: Range, test: (store: Store) => boolean): Store | undefined {
    return this.#recentStores.findLast((store) => overlaps(store.event.range, range) && test(store))
  }

  /** The first operation on cache lines after `since` that the test holds for. */
  maintenanceAfter(
    since: EventId,
    test: (event: MaintenanceEvent) => boolean,
  ): MaintenanceEvent | undefined {
    return this.#recentMaintenance.find((event) => event.id > since && test(event))
  }

  /** The map or the sync for a device that an operation on cache lines was part of. */
  handoverAfter({ id, device }: MaintenanceEvent): DmaMapEvent | DmaSyncEvent | undefined {
    const syncs = this.#recentSyncs.filter((sync) => sync.to === 'device')
    const dead = [...this.#deadDma.values()].map(({ map }) => map)
    return [...this.dma.values(), ...dead, ...syncs]
      .filter((event) => event.id > id && event.device === device)
      .sort((a, b) => a.id - b.id)[0]
  }

  /** The syncs after `since` of a mapping, or of all. */
  syncsAfter(since: EventId, mapping?: number): DmaSyncEvent[] {
    return this.#recentSyncs.filter(
      (sync) => sync.id > since && (mapping === undefined || sync.mapping === mapping),
    )
  }

  /** The ranges of a released buffer go; data for its findings stays. */
  forgetRanges(): void {
    this.deviceStores.clear()
    this.dirty.clear()
    this.#recentStores.length = 0
    this.#recentMaintenance.length = 0
    this.#recentSyncs.length = 0
    this.#recentCopies.length = 0
  }

  #remember(bracket: Bracket): void {
    this.lastBracket = bracket
    if (writes(bracket.access)) this.lastWriteBracket = bracket
    if (reads(bracket.access)) this.lastReadBracket = bracket
  }
}

function dropOldest(map: Map<number, unknown>): void {
  const oldest = map.keys().next()
  if (oldest.done !== true) map.delete(oldest.value)
}

function keep<T>(list: T[], item: T): void {
  list.push(item)
  if (list.length > MOST_RECENT) list.shift()
}
