/** The story so far, as the rules ask for it: every buffer's, and the stores that hazards point at. */
import type {
  BufferId,
  CpuAccessEvent,
  CpuViewEvent,
  DeviceAccessEvent,
  DmabufEvent,
  EventId,
  MemoryAttribute,
  Range,
} from '../events/event.ts'
import { type Bracket, BufferHistory, type Store, writes } from './buffer-history.ts'

const MOST_STORES = 16_384
const MOST_VIEWS = 16_384

export class History {
  readonly lineSize: number
  readonly #buffers = new Map<BufferId, BufferHistory>()
  readonly #stores = new Map<EventId, Store>()
  readonly #views = new Map<EventId, CpuViewEvent>()
  /** The kernel's first store of each buffer is kept whatever comes later. */
  readonly #zeroing = new Map<EventId, Store>()

  constructor(lineSize: number) {
    this.lineSize = lineSize
  }

  get buffers(): IterableIterator<BufferHistory> {
    return this.#buffers.values()
  }

  buffer(id: BufferId): BufferHistory {
    let buffer = this.#buffers.get(id)
    if (buffer === undefined) {
      buffer = new BufferHistory(id)
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

  attributeOf(event: CpuAccessEvent | CpuViewEvent): MemoryAttribute {
    if (event.mapping === undefined) return 'cached'
    return this.buffer(event.buffer).cpuMaps.get(event.mapping)?.attribute ?? 'cached'
  }

  update(event: DmabufEvent): void {
    switch (event.kind) {
      case 'export': {
        const buffer = this.buffer(event.buffer)
        buffer.size = event.size
        buffer.exporter = event.exporter
        buffer.exported = event
        return
      }
      case 'release': {
        const buffer = this.buffer(event.buffer)
        buffer.released = true
        buffer.forgetRanges()
        return
      }
      case 'attach':
        this.#share(event.buffer, event)
        return
      case 'dma-map':
        this.#share(event.buffer, event)
        this.buffer(event.buffer).dma.set(event.mapping, event)
        return
      case 'dma-unmap': {
        const buffer = this.buffer(event.buffer)
        buffer.dma.delete(event.mapping)
        remember(buffer.deadDma, event.mapping, event, 64)
        return
      }
      case 'cpu-map':
        this.buffer(event.buffer).cpuMaps.set(event.mapping, event)
        return
      case 'cpu-unmap':
        this.buffer(event.buffer).cpuMaps.delete(event.mapping)
        return
      case 'cpu-view':
        remember(this.#views, event.id, event, MOST_VIEWS)
        return
      case 'bracket-start':
      case 'bracket-end':
        this.#bracket(event)
        return
      case 'cpu-store':
        this.#cpuStore(event)
        return
      case 'device-store':
        this.#deviceStore(event)
        return
      case 'maintenance':
        this.buffer(event.buffer).addMaintenance(event)
        return
      case 'dma-sync':
      case 'bounce-copy':
        this.buffer(event.buffer).addStep(event)
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
      case 'handle-open':
        if (event.buffer !== undefined && event.result >= 0) this.#share(event.buffer, event)
        return
      default:
        return
    }
  }

  /** The CPU access in which a store happened that was seen now, or since `event.since`. */
  bracketOf(event: CpuAccessEvent): Bracket | undefined {
    const buffer = this.buffer(event.buffer)
    const task = event.agent.name
    const open = buffer.openFor('write', task) ?? buffer.openFor('write') ?? buffer.openFor('read')
    if (event.seen === 'exact' || event.since === undefined) return open
    if (open !== undefined && writes(open.access)) return open
    const { since } = event
    const closed = [buffer.lastWriteBracket, buffer.lastReadBracket].find(
      (bracket) => bracket !== undefined && bracket.ended !== Infinity && since < bracket.ended - 1,
    )
    if (closed !== undefined && writes(closed.access)) return closed
    return open ?? closed
  }

  /** A range, widened to the lines that it touches. */
  lines({ start, end }: Range): Range {
    const { lineSize } = this
    return { start: start - (start % lineSize), end: Math.ceil(end / lineSize) * lineSize }
  }

  #share(id: BufferId, event: DmabufEvent): void {
    this.buffer(id).shared ??= event
  }

  #bracket(event: Extract<DmabufEvent, { kind: 'bracket-start' | 'bracket-end' }>): void {
    const buffer = this.buffer(event.buffer)
    if (event.result < 0) {
      buffer.failed = event
      return
    }
    buffer.failed = undefined
    if (event.kind === 'bracket-start') buffer.start(event)
    else buffer.end(event)
  }

  #cpuStore(event: CpuAccessEvent): void {
    const buffer = this.buffer(event.buffer)
    const byKernel = event.agent.kind === 'kernel'
    const attribute = this.attributeOf(event)
    const store: Store = {
      event,
      by: byKernel ? 'kernel' : 'task',
      origin: this.viewAt(event.view)?.origin ?? event.origin,
      attribute,
      bracket: byKernel ? undefined : this.bracketOf(event),
      failedStart: buffer.failed?.kind === 'bracket-start' ? buffer.failed : undefined,
      overDirty: attribute === 'cached' ? undefined : buffer.dirty.latest(event.range),
      job: undefined,
      queued: undefined,
    }
    remember(this.#stores, event.id, store, MOST_STORES)
    if (byKernel && this.#zeroing.size < MOST_STORES) this.#zeroing.set(event.id, store)
    if (attribute === 'cached') buffer.dirty.set(this.lines(event.range), store)
    if (event.seen === 'exact') buffer.deviceStores.delete(event.range)
    buffer.addRecentStore(store)
  }

  #deviceStore(event: DeviceAccessEvent): void {
    this.#share(event.buffer, event)
    const buffer = this.buffer(event.buffer)
    const store: Store = {
      event,
      by: 'device',
      origin: event.origin,
      attribute: undefined,
      bracket: undefined,
      failedStart: undefined,
      overDirty: event.snooped ? undefined : buffer.dirty.latest(event.range),
      job: event.job === undefined ? undefined : buffer.jobs.get(event.job),
      queued: buffer.owners.get(event.device),
    }
    remember(this.#stores, event.id, store, MOST_STORES)
    buffer.deviceStores.set(event.range, store)
    buffer.lastDeviceStore = store
  }
}

/** Keeps the newest `most` entries. */
function remember<K, V>(map: Map<K, V>, key: K, value: V, most: number): void {
  map.set(key, value)
  if (map.size <= most) return
  const oldest = map.keys().next()
  if (oldest.done !== true) map.delete(oldest.value)
}
