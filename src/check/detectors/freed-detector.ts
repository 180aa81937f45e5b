/**
 * Memory that is freed while processes, devices or drivers still have it mapped as bytes of a
 * buffer. Source: Documentation/driver-api/dma-buf.rst, and move_notify in include/linux/dma-buf.h
 * of Linux 6.12: mappings stay valid, and notified importers map again.
 */
import type {
  BufferId,
  DmabufEvent,
  DmaMapEvent,
  JobEvent,
  MemoryEvent,
  MoveNotifyEvent,
  ReleaseEvent,
} from '../../events/event.ts'
import type { Collector } from '../collector.ts'
import type { BufferHistory } from '../model/buffer-history.ts'
import type { History } from '../model/history.ts'
import { commonBytes, type MapEvent, piecesOf } from '../model/pieces.ts'
import { agentName, bytesOf } from '../words.ts'
import type { Detector } from './detector.ts'

interface Holder {
  readonly buffer: BufferHistory
  readonly map: MapEvent
}

export class FreedDetector implements Detector {
  readonly #history: History
  readonly #out: Collector
  readonly #memories = new Map<BufferId, MemoryEvent>()
  /** The newest one, by attachment. */
  readonly #moves = new Map<number, MoveNotifyEvent>()

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
        this.#freed(event)
        return
      case 'move-notify':
        this.#moves.set(event.attachment, event)
        return
      case 'detach':
        this.#moves.delete(event.attachment)
        return
      case 'job-start':
        if (this.#moves.size > 0) this.#usesMoved(event)
        return
      default:
        return
    }
  }

  #freed(event: ReleaseEvent): void {
    const memory = this.#memories.get(event.buffer)
    if (memory === undefined) return
    this.#memories.delete(event.buffer)
    const holders = this.#holdersOf(memory)
    const [first, ...others] = holders
    if (first === undefined) return
    for (const { buffer, map } of holders) buffer.losesMemory(map)
    const { map, buffer } = first
    const driver = event.agent.name
    this.#out.report({
      rule: 'freed-in-use',
      event,
      message: `${driver} frees ${memory.what} (event ${event.id}) while ${whose(map)} has ${bytesOf(map.range, buffer)} mapped there (since event ${map.id}).`,
      because: {
        text: `The mapping made at event ${map.id} was not unmapped before.`,
        event: map.id,
        origin: map.origin,
      },
      origin: event.origin ?? buffer.exported?.origin,
      related: [
        { label: `${whose(map)} mapped it here`, origin: map.origin },
        ...others.map((other) => ({
          label: `${whose(other.map)} mapped it here`,
          origin: other.map.origin,
        })),
      ],
      buffer: buffer.id,
      range: map.range,
    })
  }

  /** A buffer that is released while it is mapped is another mistake, by its importer. */
  #holdersOf({ buffer: id, size, placement }: MemoryEvent): Holder[] {
    const memory = piecesOf(placement)
    const ids = this.#history.neighbours(id, { start: 0, end: size }).map(({ buffer }) => buffer)
    return [...new Set(ids)]
      .map((other) => this.#history.buffer(other))
      .filter((buffer) => buffer.id >= 0 && !buffer.released)
      .flatMap((buffer) =>
        [...buffer.cpuMaps.values(), ...buffer.dma.values()]
          .filter((map) => !this.#isMoved(map) && isThere(map, memory))
          .map((map) => ({ buffer, map })),
      )
  }

  /** The importer was notified, and has to map again before it uses the buffer. */
  #isMoved(map: MapEvent): boolean {
    return this.#moveOf(map) !== undefined
  }

  #moveOf(map: MapEvent): MoveNotifyEvent | undefined {
    if (map.kind !== 'dma-map' || map.attachment === undefined) return undefined
    const move = this.#moves.get(map.attachment)
    return move !== undefined && move.id > map.id ? move : undefined
  }

  #usesMoved(event: JobEvent): void {
    const buffer = this.#history.buffer(event.buffer)
    const map: DmaMapEvent | undefined =
      event.mapping === undefined ? undefined : buffer.dma.get(event.mapping)
    const move = map && this.#moveOf(map)
    if (map === undefined || move === undefined) return
    buffer.losesMemory(map)
    this.#out.report({
      rule: 'backing-mismatch',
      kind: 'moved',
      event,
      message: `${event.device} ${event.access}s ${bytesOf(event.range, buffer)} (event ${event.id}) through a mapping that was made before the buffer moved (event ${move.id}).`,
      because: {
        text: `dma_buf_move_notify notified the importer at event ${move.id}, and it has not mapped the buffer again.`,
        event: move.id,
        origin: move.origin,
      },
      origin: event.origin ?? map.origin,
      related: [
        { label: 'it was mapped here', origin: map.origin },
        { label: 'the buffer moved here', origin: move.origin },
      ],
      buffer: buffer.id,
      range: event.range,
      fix: 'Unmap the attachment in move_notify, or record there that it moved, and map it again before the next job.',
    })
  }
}

function whose(event: MapEvent): string {
  return event.kind === 'dma-map' ? event.device : agentName(event.agent)
}

function isThere({ placement, range }: MapEvent, memory: ReturnType<typeof piecesOf>): boolean {
  return commonBytes(piecesOf(placement, range?.start), memory) !== undefined
}
