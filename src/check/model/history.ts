/** The story so far, as the rules ask for it: every buffer's, and the stores that hazards point at. */
import type {
  BufferId,
  CpuAccessEvent,
  CpuMapEvent,
  CpuViewEvent,
  DeviceAccessEvent,
  DmabufEvent,
  DmaMapEvent,
  EventId,
  ExportEvent,
  MappedAttribute,
  Range,
} from '../../events/event.ts'
import type { Shown } from '../shown.ts'
import { type Bracket, writes } from './bracket.ts'
import { BufferHistory, type MappedDma } from './buffer-history.ts'
import { CallEffects } from './call-effects.ts'
import { Newest } from './newest.ts'
import { type Neighbour, Placements } from './placements.ts'
import { overlaps } from './range-map.ts'
import { RecentEvents } from './recent-events.ts'
import { RunningCalls } from './running-calls.ts'
import type { Store } from './store.ts'

const MOST_STORES = 16_384
const MOST_VIEWS = 16_384
/** Released buffers are kept for late events: a stale handle, a kept pointer. */
const MOST_RELEASED = 1024

/** The kinds of the kernel's work on a buffer during a call. */
const EFFECTS: ReadonlySet<DmabufEvent['kind']> = new Set([
  ...(['misuse', 'dma-map', 'dma-sync', 'maintenance', 'bounce-copy'] as const),
])

export class History {
  readonly #placements: Placements
  readonly #buffers = new Map<BufferId, BufferHistory>()
  readonly #stores = new RecentEvents<Store>(MOST_STORES)
  readonly #views = new RecentEvents<CpuViewEvent>(MOST_VIEWS)
  /** The kernel's stores, few for each buffer, are kept for longer than programs' and devices'. */
  readonly #zeroing = new RecentEvents<Store>(MOST_STORES)
  readonly #released = new Newest<BufferId>(MOST_RELEASED)
  readonly #effects = new CallEffects()
  /** The system calls under way. */
  readonly calls: RunningCalls = new RunningCalls()

  /** The sources of the events: an event that is not shown may have happened. */
  readonly shown: Shown

  constructor(lineSize: number, shown: Shown) {
    this.#placements = new Placements(lineSize)
    this.shown = shown
  }

  get buffers(): IterableIterator<BufferHistory> {
    return this.#buffers.values()
  }

  buffer(id: BufferId): BufferHistory {
    let buffer = this.#buffers.get(id)
    if (buffer === undefined) {
      buffer = new BufferHistory(id, this.#effects)
      this.#buffers.set(id, buffer)
    }
    return buffer
  }

  storeAt(event: EventId): Store | undefined {
    return this.#stores.get(event) ?? this.#zeroing.get(event)
  }

  viewAt(event: EventId | undefined): CpuViewEvent | undefined {
    return event === undefined ? undefined : this.#views.get(event)
  }

  attributeOf(event: CpuAccessEvent | CpuViewEvent): MappedAttribute {
    if (event.mapping === undefined) return this.buffer(event.buffer).attribute
    return this.buffer(event.buffer).cpuMaps.get(event.mapping)?.attribute ?? 'cached'
  }

  /** Whether it goes through pages that the exporter's faults keep coherent: no CPU access governs it then. */
  isFaulted({ buffer, mapping }: CpuAccessEvent | CpuViewEvent): boolean {
    if (mapping === undefined) return false
    return this.buffer(buffer).cpuMaps.get(mapping)?.coherence === 'fault'
  }

  update(event: DmabufEvent): void {
    if (EFFECTS.has(event.kind)) this.#effect(event)
    switch (event.kind) {
      case 'call':
        this.calls.observe(event)
        if (event.phase === 'exit') this.#effects.returned(event.within)
        return
      case 'export':
        this.#exported(event)
        return
      case 'memory': {
        const buffer = this.buffer(event.buffer)
        buffer.size = event.size
        buffer.what = event.what
        if (event.agent.kind === 'kernel') buffer.owner = event.agent.name
        buffer.attribute = event.attribute ?? 'cached'
        this.#learn({ ...event, range: undefined })
        return
      }
      case 'release': {
        const buffer = this.buffer(event.buffer)
        buffer.released = true
        buffer.forgetRanges()
        this.#placements.forget(event.buffer)
        this.#forget(this.#released.add(event.buffer))
        return
      }
      case 'attach':
        this.#share(event.buffer, event)
        return
      case 'detach':
        this.buffer(event.buffer).detach(event.attachment)
        return
      case 'dma-map':
        this.#dmaMapped(event)
        return
      case 'dma-unmap':
        this.buffer(event.buffer).unmap(event)
        return
      case 'cpu-map':
        this.buffer(event.buffer).cpuMaps.set(event.mapping, event)
        this.#learn(event)
        return
      case 'cpu-unmap':
        this.#cpuUnmapped(event)
        return
      case 'cpu-fault':
        this.buffer(event.buffer).faults.set(event.range, event)
        return
      case 'cpu-view':
        this.#views.add(event.id, event)
        this.#used(event)
        return
      case 'cpu-access-begin':
      case 'cpu-access-end':
        this.#bracket(event)
        return
      case 'cpu-load':
        this.#used(event)
        return
      case 'cpu-store':
        this.#cpuStore(event)
        this.#used(event)
        return
      case 'device-store':
        this.#deviceStore(event)
        return
      case 'maintenance':
        this.buffer(event.buffer).addMaintenance(event)
        return
      case 'dma-sync':
        this.buffer(event.buffer).addSync(event)
        return
      case 'bounce-copy':
        this.buffer(event.buffer).addCopy(event)
        return
      case 'misuse':
        if (event.buffer !== undefined) this.buffer(event.buffer).addMisuse(event)
        return
      case 'job-start':
        this.#share(event.buffer, event)
        this.buffer(event.buffer).jobs.set(event.job, event)
        return
      case 'job-end':
        this.buffer(event.buffer).jobs.delete(event.job)
        return
      case 'queue':
        this.#share(event.buffer, event)
        this.buffer(event.buffer).owners.set(event.device, event)
        return
      case 'dequeue':
        this.buffer(event.buffer).owners.delete(event.device)
        return
      case 'scanout-take':
        this.#share(event.buffer, event)
        this.buffer(event.buffer).tookPicture(event)
        return
      case 'scanout-release':
        this.buffer(event.buffer).releasedPicture(event)
        return
      case 'handle-open':
        if (event.buffer !== undefined && event.result >= 0) this.#share(event.buffer, event)
        return
      default:
        return
    }
  }

  /** A buffer that was released long ago; a mapping that is left is reported at the end. */
  #forget(id: BufferId | undefined): void {
    const buffer = id === undefined ? undefined : this.#buffers.get(id)
    if (buffer === undefined || buffer.cpuMaps.size > 0 || buffer.dma.size > 0) return
    this.#buffers.delete(buffer.id)
  }

  /** The CPU access in which a store happened that was seen now, or since `event.since`. */
  bracketOf(event: CpuAccessEvent): Bracket | undefined {
    const buffer = this.buffer(event.buffer)
    const open =
      buffer.openFor('write', event.task) ?? buffer.openFor('write') ?? buffer.openFor('read')
    if (event.seen === 'exact' || event.since === undefined) return open
    if (open !== undefined && writes(open.access)) return open
    const { since } = event
    const closed = [buffer.lastWriteBracket, buffer.lastReadBracket].find(
      (bracket) => bracket !== undefined && bracket.end !== undefined && since < bracket.ending,
    )
    if (closed !== undefined && writes(closed.access)) return closed
    return open ?? closed
  }

  /** A range of a buffer, widened to the lines that it touches. */
  lines(buffer: BufferId, range: Range): Range {
    return this.#placements.lines(buffer, range)
  }

  /** Other buffers with bytes in the lines of the range: the same bytes, or beside them. */
  neighbours(buffer: BufferId, range: Range): Neighbour[] {
    return this.#placements.neighbours(buffer, range)
  }

  /** The mapping that a device went through. */
  dmaOf({ buffer, mapping, job }: DeviceAccessEvent): DmaMapEvent | undefined {
    const history = this.buffer(buffer)
    const through = mapping ?? (job === undefined ? undefined : history.jobs.get(job)?.mapping)
    return history.mapped(through)?.map
  }

  /** A mapping for a device, most likely of `buffer`; one that died not too long ago, too. */
  mapping(id: number | undefined, buffer: BufferId): MappedDma | undefined {
    const known = this.buffer(buffer).mapped(id)
    if (known !== undefined || id === undefined) return known
    for (const other of this.#buffers.values()) {
      const mapped = other.mapped(id)
      if (mapped !== undefined) return mapped
    }
    return undefined
  }

  /**
   * Whether the kernel accesses the buffer for a driver that has it from another, through vmap: CPU accesses
   * govern that, as they govern a program's. An exporter has its own mappings to sync.
   */
  isImporters({ agent, buffer, mapping }: CpuAccessEvent | CpuViewEvent): boolean {
    if (agent.kind !== 'kernel' || mapping === undefined || buffer < 0) return false
    return agent.name !== this.buffer(buffer).driver?.name
  }

  #effect(event: DmabufEvent): void {
    if (!('buffer' in event) || event.buffer === undefined) return
    this.#effects.add(event, this.buffer(event.buffer).owner)
  }

  #exported(event: ExportEvent): void {
    const buffer = this.buffer(event.buffer)
    buffer.size = event.size
    buffer.exporter = event.exporter
    buffer.driver = event.driver
    buffer.exported = event
  }

  #dmaMapped(event: DmaMapEvent): void {
    this.#share(event.buffer, event)
    const buffer = this.buffer(event.buffer)
    buffer.dma.set(event.mapping, event)
    // A mapping for an attachment is made by the exporter's operation.
    if (event.attachment !== undefined) buffer.driver ??= event.driver
    this.#learn(event)
  }

  #cpuUnmapped(event: CpuMapEvent): void {
    const buffer = this.buffer(event.buffer)
    buffer.cpuMaps.delete(event.mapping)
    for (const bracket of buffer.open) {
      if (bracket.used.has(event.mapping)) bracket.unmapped ??= event
    }
  }

  #learn({ buffer, range, placement }: Pick<DmaMapEvent, 'buffer' | 'range' | 'placement'>): void {
    if (placement !== undefined) this.#placements.learn(buffer, range?.start ?? 0, placement)
  }

  /** Accesses nest: an inner access has its own mapping. */
  #used({ task: user, buffer, mapping }: CpuViewEvent | CpuAccessEvent): void {
    if (mapping === undefined) return
    const { open } = this.buffer(buffer)
    const inner = open.findLast(({ task }) => task === user) ?? open.at(-1)
    inner?.used.add(mapping)
  }

  #share(id: BufferId, event: DmabufEvent): void {
    this.buffer(id).shared ??= event
  }

  #bracket(event: Extract<DmabufEvent, { kind: 'cpu-access-begin' | 'cpu-access-end' }>): void {
    const buffer = this.buffer(event.buffer)
    if (event.result < 0) {
      buffer.failed = event
      return
    }
    buffer.failed = undefined
    if (event.kind === 'cpu-access-begin') buffer.start(event)
    else buffer.end(event)
  }

  #cpuStore(event: CpuAccessEvent): void {
    const buffer = this.buffer(event.buffer)
    const byKernel = event.agent.kind === 'kernel' && !this.isImporters(event)
    const attribute = this.attributeOf(event)
    const store: Store = {
      event,
      by: byKernel ? 'kernel' : 'task',
      origin: this.viewAt(event.view)?.origin ?? event.origin,
      attribute,
      bracket: byKernel ? undefined : this.bracketOf(event),
      failedStart: buffer.failed?.kind === 'cpu-access-begin' ? buffer.failed : undefined,
      overDirty: attribute === 'cached' ? undefined : buffer.dirty.latest(event.range),
      job: undefined,
      queued: undefined,
      dma: undefined,
      astray: buffer.hasLostMemory(cpuMapOf(buffer, event)),
      bounced: false,
      faulted: this.isFaulted(event),
    }
    this.#stores.add(event.id, store)
    if (byKernel) this.#zeroing.add(event.id, store)
    if (attribute === 'cached') buffer.dirty.set(this.lines(event.buffer, event.range), store)
    if (event.seen === 'exact') buffer.deviceStores.delete(event.range)
    buffer.addRecentStore(store)
  }

  #deviceStore(event: DeviceAccessEvent): void {
    this.#share(event.buffer, event)
    const buffer = this.buffer(event.buffer)
    const dma = this.dmaOf(event)
    const bounced = isBounced(event, dma)
    const store: Store = {
      event,
      by: 'device',
      origin: event.origin,
      attribute: undefined,
      bracket: undefined,
      failedStart: undefined,
      overDirty: event.snooped || bounced ? undefined : buffer.dirty.latest(event.range),
      job: event.job === undefined ? undefined : buffer.jobs.get(event.job),
      queued: buffer.owners.get(event.device),
      dma,
      astray: buffer.hasLostMemory(dma),
      bounced,
      faulted: false,
    }
    this.#stores.add(event.id, store)
    buffer.deviceStores.set(event.range, store)
    buffer.lastDeviceStore = store
  }
}

/** The CPU mapping that an access goes through. */
export function cpuMapOf(
  { cpuMaps }: BufferHistory,
  { mapping }: CpuAccessEvent | CpuViewEvent,
): CpuMapEvent | undefined {
  return mapping === undefined ? undefined : cpuMaps.get(mapping)
}

/** Whether a device's access goes to a bounce copy. */
export function isBounced(
  { bounced, range }: DeviceAccessEvent,
  dma: DmaMapEvent | undefined,
): boolean {
  return bounced ?? dma?.bounced?.some((part) => overlaps(part, range)) ?? false
}
