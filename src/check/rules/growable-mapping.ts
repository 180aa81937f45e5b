/** CPU mappings that can grow past their buffer, or have. */
import { PAGE_SIZE } from '../../abi/fcntl.ts'
import type { CpuMapEvent, DmabufEvent } from '../../events/event.ts'
import type { Collector } from '../collector.ts'
import type { Detector } from '../detectors/detector.ts'
import type { History } from '../model/history.ts'
import { agentName, bytesOf } from '../words.ts'
import type { Rule } from './rule.ts'

export const growableMapping: Rule<'growable-mapping'> = {
  id: 'growable-mapping',
  group: 'F3',
  severity: 'error',
  claim: 'A mapping of a buffer cannot grow beyond the buffer.',
  hardware:
    'Without VM_DONTEXPAND, mremap grows the mapping after mmap has checked it: the new pages are unrelated memory.',
  fix: 'Set VM_DONTEXPAND in the mmap operation, and call mmap again for a longer mapping.',
  // Seen: mappings that have grown. Unseen: those that could.
  byCalls: 'part',
  detect: ({ history, out }) => new GrowableDetector(history, out),
}

class GrowableDetector implements Detector {
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
    const grown = size !== undefined && range.end > Math.ceil(size / PAGE_SIZE) * PAGE_SIZE
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
