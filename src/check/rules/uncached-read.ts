/** Programs that load much through mappings that go past the cache. */
import type { BufferId, CpuAccessEvent, CpuViewEvent, DmabufEvent } from '../../events/event.ts'
import type { Collector } from '../collector.ts'
import type { Detector } from '../detectors/detector.ts'
import type { History } from '../model/history.ts'
import { agentName } from '../words.ts'
import type { Rule } from './rule.ts'

export const uncachedRead: Rule<'uncached-read'> = {
  id: 'uncached-read',
  group: 'C14',
  severity: 'lint',
  claim: 'A program that reads a large part of a buffer reads it through the cache.',
  hardware:
    'Each load waits for memory, and nothing is prefetched: reading takes 10 to 100 times as long as from cached memory, about 10 ms for a picture of 640 by 360.',
  fix: 'Let the device write into heap buffers, which are cached and synced at START. For pictures that the program draws, keep a copy in ordinary memory and read that.',
  // No call says how memory is mapped.
  byCalls: 'none',
  detect: ({ history, out }) => new SlowReadDetector(history, out),
}

/** Fewer bytes of a buffer take less than 3 ms on any ready board: a small picture, or a few lines. */
const LEAST = 256 * 1024

interface Loaded {
  readonly bytes: number
  /** Whether some of the loads are presumed: an array was taken, whose loads are not seen. */
  readonly assumed: boolean
}

class SlowReadDetector implements Detector {
  readonly #history: History
  readonly #out: Collector
  /** Loads so far, by buffer; each buffer is reported once. */
  readonly #loaded = new Map<BufferId, Loaded>()

  constructor(history: History, out: Collector) {
    this.#history = history
    this.#out = out
  }

  before(event: DmabufEvent): void {
    switch (event.kind) {
      case 'cpu-load':
        if (event.seen === 'exact') this.#load(event, false)
        return
      case 'cpu-view':
        // Loads of an array are not seen: one of an access for reading alone is there to be read.
        if (event.scope === 'bracket' && this.#onlyReadsIn(event)) this.#load(event, true)
        return
      case 'release':
        this.#loaded.delete(event.buffer)
        return
      default:
        return
    }
  }

  #onlyReadsIn({ buffer, task }: CpuViewEvent): boolean {
    const history = this.#history.buffer(buffer)
    const canWrite = history.openFor('write', task) !== undefined
    return !canWrite && history.openFor('read', task) !== undefined
  }

  #load(event: CpuAccessEvent | CpuViewEvent, assumed: boolean): void {
    const { agent, buffer: id, mapping, range } = event
    if (agent.kind !== 'task' || mapping === undefined) return
    const attribute = this.#history.attributeOf(event)
    if (attribute !== 'uncached' && attribute !== 'write-combine') return
    const before = this.#loaded.get(id) ?? { bytes: 0, assumed: false }
    const bytes = before.bytes + range.end - range.start
    const loaded = { bytes, assumed: before.assumed || assumed }
    this.#loaded.set(id, loaded)
    if (before.bytes >= LEAST || bytes < LEAST) return
    const did = loaded.assumed ? 'may have loaded up to' : 'has loaded'
    const buffer = this.#history.buffer(id)
    const mapped = buffer.cpuMaps.get(mapping)
    this.#out.lint({
      rule: 'uncached-read',
      event,
      message: `${agentName(agent)} ${did} ${bytes} bytes of ${buffer.name} through a mapping that is ${attribute} (event ${event.id}).`,
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
