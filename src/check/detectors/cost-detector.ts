/** Work that costs more than necessary, and flaws of modelled drivers that Linux has as well. */
import type { AccessEdgeEvent, DmabufEvent, DmaDirection } from '../../events/event.ts'
import type { Collector } from '../collector.ts'
import { reads } from '../model/bracket.ts'
import type { BufferHistory } from '../model/buffer-history.ts'
import type { History } from '../model/history.ts'
import { accessName, agentName } from '../words.ts'
import type { Detector } from './detector.ts'

const DIRECTIONS = {
  read: 'from-device',
  write: 'to-device',
  'read-write': 'bidirectional',
} as const satisfies Record<string, DmaDirection>

export class CostDetector implements Detector {
  readonly #history: History
  readonly #out: Collector

  constructor(history: History, out: Collector) {
    this.#history = history
    this.#out = out
  }

  before(event: DmabufEvent): void {
    if (event.kind !== 'cpu-access-begin' && event.kind !== 'cpu-access-end') return
    if (event.result < 0) return
    const buffer = this.#history.buffer(event.buffer)
    if (buffer.shared === undefined) return
    this.#notes(buffer, event)
    if (event.kind === 'cpu-access-begin') this.#redundant(buffer, event)
  }

  #notes(buffer: BufferHistory, event: AccessEdgeEvent): void {
    const call = event.kind === 'cpu-access-begin' ? 'begin_cpu_access' : 'end_cpu_access'
    const direction = DIRECTIONS[event.access]
    // A warning of the kernel's own checks has a separate note.
    const { warnings, syncs } = buffer.effectsOf(event)
    const warned = warnings.length > 0
    for (const { mapping, device, direction: mapped, skipCpuSync } of buffer.dma.values()) {
      const sync = syncs.find((one) => one.mapping === mapping)
      if (!event.synced.includes(device)) {
        if (skipCpuSync) continue
        this.#out.note(
          buffer.exporter,
          `${call} syncs nothing for ${device}, which has the buffer mapped.`,
          event,
        )
      } else if (mapped !== direction && sync?.direction !== mapped && !warned) {
        this.#out.note(
          buffer.exporter,
          `${call} syncs with the direction of the CPU access (${direction}), but ${device} has the buffer mapped ${mapped}.`,
          event,
        )
      }
    }
  }

  #redundant(buffer: BufferHistory, event: AccessEdgeEvent): void {
    const open = buffer.open.find(({ task }) => task === event.task)
    const who = agentName(event.agent)
    if (open !== undefined && !(reads(event.access) && open.access !== 'read')) {
      this.#out.lint({
        rule: 'redundant-sync',
        event,
        message: `${who} begins a CPU access for ${accessName(event.access)} buffer ${buffer.id} inside one for ${accessName(open.access)}.`,
        because: { text: 'The first CPU access was open.', event: open.start.id },
        origin: event.origin,
        buffer: buffer.id,
      })
      return
    }
    const last = buffer.lastReadBracket
    if (event.access !== 'read' || last === undefined || buffer.jobs.size > 0) return
    if (this.#history.shown === 'calls') return
    // A program does not know the driver's use of the buffer in between.
    if (last.start.agent.kind !== event.agent.kind) return
    if (buffer.lastDeviceStore !== undefined && buffer.lastDeviceStore.event.id > last.began) return
    this.#out.lint({
      rule: 'redundant-sync',
      event,
      message: `${who} begins a CPU access for reading buffer ${buffer.id} again although no device has written it since the last one.`,
      because: { text: 'No device has stored since.', event: last.start.id },
      origin: event.origin,
      buffer: buffer.id,
    })
  }
}
