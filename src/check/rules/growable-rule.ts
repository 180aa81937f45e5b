/** CPU mappings that can grow past their buffer, or have. */
import type { CpuMapEvent, DmabufEvent } from '../../events/event.ts'
import type { Collector } from '../collector.ts'
import type { History } from '../history.ts'
import { agentName, bytesOf } from '../words.ts'
import type { Rule } from './rule.ts'

const PAGE = 4096

export class GrowableRule implements Rule {
  readonly #history: History
  readonly #out: Collector

  constructor(history: History, out: Collector) {
    this.#history = history
    this.#out = out
  }

  before(event: DmabufEvent): void {
    if (event.kind === 'cpu-map') this.#growable(event)
  }

  /** Whether it may grow past its buffer, or has. */
  #growable(event: CpuMapEvent): void {
    const { buffer: id, range, expandable } = event
    const buffer = this.#history.buffer(id)
    const { size, exported, exporter, driver } = buffer
    if (id < 0 || event.agent.kind !== 'task') return
    const grown = size !== undefined && range.end > Math.ceil(size / PAGE) * PAGE
    if (!grown && expandable !== true) return
    const who = agentName(event.agent)
    const operation = `mmap of exporter ${exporter}`
    if (!grown && driver?.modelled === true) {
      this.#out.note(exporter, `${operation} lets mappings grow (no VM_DONTEXPAND).`, event)
      return
    }
    const own = driver?.modelled === false ? exported?.origin : undefined
    this.#out.report({
      rule: 'growable-mapping',
      event,
      message: grown
        ? `${who} has ${bytesOf(range, buffer)} mapped (event ${event.id}), which ${exporter} exported with ${size} bytes.`
        : `${who} maps ${bytesOf(range, buffer)} (event ${event.id}), and ${operation} lets the mapping grow past them.`,
      because: {
        text: `The ${operation} did not set VM_DONTEXPAND.`,
        event: exported?.id,
        origin: exported?.origin,
      },
      origin: own ?? event.origin ?? exported?.origin,
      related: [{ label: 'it was mapped here', origin: event.origin }],
      buffer: id,
      range,
    })
  }
}
