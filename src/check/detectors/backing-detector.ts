/**
 * One buffer in several memories: a read that misses a store to another memory, without a copy in
 * between. An exporter may keep a shadow if it copies; bounce copies belong to the DMA layer.
 */
import type {
  BufferId,
  CpuAccessEvent,
  CpuViewEvent,
  DeviceAccessEvent,
  DmabufEvent,
  EventId,
  EventOrigin,
  MemoryEvent,
  StorageId,
} from '../../events/event.ts'
import type { Collector } from '../collector.ts'
import { reads } from '../model/bracket.ts'
import type { BufferHistory } from '../model/buffer-history.ts'
import { cpuMapOf, type History } from '../model/history.ts'
import { cutTo, type MapEvent, type Piece, piecesIn, piecesOf, placeOf } from '../model/pieces.ts'
import { type Entry, RangeMap } from '../model/range-map.ts'
import { agentName, bytesOf } from '../words.ts'
import type { Detector } from './detector.ts'

const MOST = 256

type Access = CpuAccessEvent | CpuViewEvent | DeviceAccessEvent

/** Bytes of a buffer, with the memory that the last store went to. */
interface Newest {
  readonly event: CpuAccessEvent | DeviceAccessEvent
  /** No copy that was made before this event has them. */
  readonly at: EventId
  readonly map: MapEvent
  readonly storage: StorageId
  /** Where the storage has the buffer's first byte. */
  readonly shift: number
}

export class BackingDetector implements Detector {
  readonly #history: History
  readonly #out: Collector
  readonly #memories = new Map<BufferId, MemoryEvent>()
  readonly #newest = new Map<BufferId, RangeMap<Newest>>()
  /** The last store to bytes of a storage, by any agent. */
  readonly #stored = new Map<StorageId, RangeMap<EventId>>()

  constructor(history: History, out: Collector) {
    this.#history = history
    this.#out = out
  }

  before(event: DmabufEvent): void {
    switch (event.kind) {
      case 'memory':
        if (event.placement !== undefined) this.#memories.set(event.buffer, event)
        return
      case 'release':
        this.#newest.delete(event.buffer)
        this.#forget(event.buffer)
        return
      case 'cpu-store':
      case 'device-store':
        if (event.buffer < 0) this.#copied(event)
        else this.#storedTo(event)
        return
      case 'cpu-load':
      case 'device-load':
        this.#read(event)
        return
      case 'cpu-view':
        if (this.#isRead(event)) this.#read(event)
        return
      default:
        return
    }
  }

  /** The bytes of a CPU access for reading are presumed to be read. */
  #isRead({ scope, buffer }: CpuViewEvent): boolean {
    return (
      scope === 'bracket' && this.#history.buffer(buffer).open.some(({ access }) => reads(access))
    )
  }

  /** A driver, or its device, stores to the driver's own memory: the content is intended. */
  #copied(event: CpuAccessEvent | DeviceAccessEvent): void {
    const memory = this.#memories.get(event.buffer)
    if (memory === undefined) return
    for (const piece of cutTo(piecesOf(memory.placement), event.range)) {
      this.#storedAt(piece.storage).set(placeOf(piece), event.id)
    }
  }

  #forget(id: BufferId): void {
    const memory = this.#memories.get(id)
    this.#memories.delete(id)
    for (const piece of piecesOf(memory?.placement)) {
      const stored = this.#stored.get(piece.storage)
      stored?.delete(placeOf(piece))
      if (stored?.isEmpty === true) this.#stored.delete(piece.storage)
    }
  }

  #storedTo(event: CpuAccessEvent | DeviceAccessEvent): void {
    const buffer = this.#history.buffer(event.buffer)
    const map = this.#mapOf(buffer, event)
    if (map === undefined || !isOwn(buffer)) return
    const newest = this.#newest.get(buffer.id) ?? new RangeMap<Newest>(MOST)
    this.#newest.set(buffer.id, newest)
    const at = ('since' in event ? event.since : undefined) ?? event.id
    for (const piece of piecesIn(map, event.range)) {
      const { storage, offset, start } = piece
      this.#storedAt(storage).set(placeOf(piece), event.id)
      if (!isExporters(map)) newest.set(piece, { event, at, map, storage, shift: offset - start })
    }
  }

  #read(event: Access): void {
    const newest = this.#newest.get(event.buffer)
    if (newest === undefined || newest.isFull) return
    const buffer = this.#history.buffer(event.buffer)
    const map = this.#mapOf(buffer, event)
    if (map === undefined || buffer.hasLostMemory(map)) return
    for (const piece of piecesIn(map, event.range)) {
      const missed = newest.within(piece).find((entry) => this.#misses(buffer, piece, entry))
      if (missed === undefined) continue
      this.#report(buffer, { event, map, missed })
      return
    }
  }

  #misses(buffer: BufferHistory, piece: Piece, { start, end, value }: Entry<Newest>): boolean {
    const shift = piece.offset - piece.start
    if (value.storage === piece.storage && value.shift === shift) return false
    if (buffer.hasLostMemory(value.map)) return false
    const there = this.#storedAt(piece.storage)
    if (there.isFull) return false
    const copied = there.latest({ start: start + shift, end: end + shift })
    return copied === undefined || copied < value.at
  }

  #report(
    buffer: BufferHistory,
    { event, map, missed }: { event: Access; map: MapEvent; missed: Entry<Newest> },
  ): void {
    const { value, start, end } = missed
    const range = { start, end }
    const [first, second] = value.map.id < map.id ? [value.map, map] : [map, value.map]
    this.#out.report({
      rule: 'backing-mismatch',
      event,
      message: `${readerName(event)} reads ${bytesOf(range, buffer)} (event ${event.id}) in other memory than ${readerName(value.event)} stored them to (event ${value.event.id}): ${buffer.exporter} maps other pages for ${whose(second)} than for ${whose(first)}, and copied nothing in between.`,
      because: {
        text: `The mapping made at event ${second.id} has other memory than the one made at event ${first.id}.`,
        event: second.id,
        origin: second.origin,
      },
      origin: ownOrigin(second) ?? ownOrigin(first) ?? buffer.exported?.origin ?? event.origin,
      related: [
        { label: `it was mapped for ${whose(first)} here`, origin: first.origin },
        { label: `it was mapped for ${whose(second)} here`, origin: second.origin },
        { label: `${readerName(value.event)} stored here`, origin: value.event.origin },
        { label: `${readerName(event)} read here`, origin: event.origin },
      ],
      buffer: buffer.id,
      range,
    })
  }

  #mapOf(buffer: BufferHistory, event: Access): MapEvent | undefined {
    return 'device' in event ? this.#history.dmaOf(event) : cpuMapOf(buffer, event)
  }

  #storedAt(storage: StorageId): RangeMap<EventId> {
    const known = this.#stored.get(storage) ?? new RangeMap<EventId>(MOST)
    this.#stored.set(storage, known)
    return known
  }
}

/** The exporter's own device copies bytes that others have stored. */
function isExporters(map: MapEvent): boolean {
  return map.kind === 'dma-map' && map.attachment === undefined
}

/** The package's own exporters have one memory for all. */
function isOwn({ driver }: BufferHistory): boolean {
  return driver?.modelled === false
}

/** The line of the exporter's that maps for a device. */
function ownOrigin(map: MapEvent): EventOrigin | undefined {
  return map.kind === 'dma-map' && map.driver?.modelled === false ? map.origin : undefined
}

function whose(event: MapEvent): string {
  return event.kind === 'dma-map' ? event.device : agentName(event.agent)
}

function readerName(event: Access): string {
  return 'device' in event ? event.device : agentName(event.agent)
}
