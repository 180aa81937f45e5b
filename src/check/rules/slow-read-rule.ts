/** Programs that load much through mappings that go past the cache. */
import type { BufferId, CpuAccessEvent, CpuViewEvent, DmabufEvent } from '../../events/event.ts'
import type { Collector } from '../collector.ts'
import type { History } from '../history.ts'
import { agentName } from '../words.ts'
import type { Rule } from './rule.ts'

/** Fewer bytes of a buffer take less than 3 ms on any ready board: a small picture, or a few lines. */
const LEAST = 256 * 1024

export class SlowReadRule implements Rule {
  readonly #history: History
  readonly #out: Collector
  /** Bytes loaded so far, by buffer; each buffer is reported once. */
  readonly #loaded = new Map<BufferId, number>()

  constructor(history: History, out: Collector) {
    this.#history = history
    this.#out = out
  }

  before(event: DmabufEvent): void {
    switch (event.kind) {
      case 'cpu-load':
        if (event.seen === 'exact') this.#load(event)
        return
      case 'cpu-view':
        // Loads of an array are not seen: one of an access for reading stands for loads of all of it.
        if (event.scope === 'bracket' && this.#readsIn(event)) this.#load(event)
        return
      case 'release':
        this.#loaded.delete(event.buffer)
        return
      default:
        return
    }
  }

  #readsIn({ buffer, agent }: CpuViewEvent): boolean {
    return this.#history.buffer(buffer).openFor('read', agent.name) !== undefined
  }

  #load(event: CpuAccessEvent | CpuViewEvent): void {
    const { agent, buffer: id, mapping, range } = event
    if (agent.kind !== 'task' || mapping === undefined) return
    const attribute = this.#history.attributeOf(event)
    if (attribute !== 'uncached' && attribute !== 'write-combine') return
    const before = this.#loaded.get(id) ?? 0
    const bytes = before + range.end - range.start
    this.#loaded.set(id, bytes)
    if (before >= LEAST || bytes < LEAST) return
    const buffer = this.#history.buffer(id)
    const mapped = buffer.cpuMaps.get(mapping)
    this.#out.lint({
      rule: 'uncached-read',
      event,
      message: `${agentName(agent)} has loaded ${bytes} bytes of ${buffer.name} through a mapping that is ${attribute} (event ${event.id}).`,
      because: {
        text: `The mapping is ${attribute}: its loads are never served from the cache.`,
        event: mapped?.id,
        origin: mapped?.origin,
      },
      origin: event.origin ?? mapped?.origin,
      related: [{ label: 'it was mapped here', origin: mapped?.origin }],
      buffer: id,
    })
  }
}
