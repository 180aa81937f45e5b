/** Devices against the CPU: who has the buffer, and who comes too early. */
import type {
  AccessEdgeEvent,
  DmabufEvent,
  JobEvent,
  QueueEvent,
  ScanoutEvent,
} from '../../events/event.ts'
import type { Collector } from '../collector.ts'
import { type Bracket, writes } from '../model/bracket.ts'
import type { BufferHistory } from '../model/buffer-history.ts'
import type { History } from '../model/history.ts'
import type { Operations } from '../model/operations.ts'
import { accessName, agentName, bracketName, flagsOf } from '../words.ts'
import type { Detector } from './detector.ts'
import { holdWrites } from './device-hold.ts'
import { DRAW_ELSEWHERE } from './display-fix.ts'

/** Under a device that only reads. */
const OVER_READER =
  'CPU writes may land before, during or after the transfer: the device reads a mix of stale and new bytes.'

/** A device's hold of a buffer: a job in flight, a place in a queue, or a picture for the screen. */
interface Hold {
  readonly event: JobEvent | QueueEvent | ScanoutEvent
  readonly writes: boolean
}

export class DeviceDetector implements Detector {
  readonly #history: History
  readonly #out: Collector
  readonly #operations: Operations

  constructor(history: History, out: Collector, operations: Operations) {
    this.#history = history
    this.#out = out
    this.#operations = operations
  }

  after(event: DmabufEvent): void {
    switch (event.kind) {
      case 'queue':
      case 'scanout-take':
      case 'job-start': {
        const buffer = this.#history.buffer(event.buffer)
        const hold = { event, writes: holdWrites(buffer, event) }
        this.#heldOpen(buffer, hold)
        return
      }
      case 'cpu-access-begin':
        if (event.result >= 0) this.#openedOver(this.#history.buffer(event.buffer), event)
        return
      default:
        return
    }
  }

  /** The buffer went to a device while the CPU still used it. */
  #heldOpen(buffer: BufferHistory, { event, writes: deviceWrites }: Hold): void {
    for (const bracket of buffer.open) {
      if (bracket.blamed || !(deviceWrites || writes(bracket.access))) continue
      bracket.blamed = true
      if (this.#operations.isWithinTold(bracket.start)) continue
      const verb = verbOf(event, deviceWrites)
      this.#out.report({
        rule: 'bracket-over-dma',
        event,
        message: `buffer ${buffer.id} is ${verb} ${event.device} (event ${event.id}) while ${agentName(bracket.start.agent)} still has it open for ${accessName(bracket.access)}.`,
        because: {
          text: `No END of ${bracketName(bracket)} came before.`,
          event: bracket.start.id,
          origin: bracket.start.origin,
        },
        origin: bracket.start.origin ?? event.origin,
        related: [{ label: `${event.device} got the buffer here`, origin: event.origin }],
        buffer: buffer.id,
        hardware: deviceWrites ? undefined : OVER_READER,
      })
    }
  }

  /** The CPU began while a device still used the buffer. */
  #openedOver(buffer: BufferHistory, event: AccessEdgeEvent): void {
    const holds = [
      ...buffer.jobs.values(),
      ...buffer.owners.values(),
      ...buffer.pictures.values(),
    ].map((held) => ({
      event: held,
      writes: holdWrites(buffer, held),
    }))
    const hold = holds.find((candidate) => candidate.writes || writes(event.access))
    if (hold === undefined) return
    const bracket = buffer.lastBracket as Bracket
    bracket.blamed = true
    if (this.#operations.isWithinTold(event)) return
    const { device, id, origin } = hold.event
    this.#out.report({
      rule: 'bracket-over-dma',
      event,
      message: `${agentName(event.agent)} begins a CPU access for ${accessName(event.access)} buffer ${buffer.id} (event ${event.id}) while ${device} ${stateOf(hold)} (since event ${id}).`,
      because: {
        text: `${flagsOf(event)} came before ${device} had returned the buffer.`,
        event: id,
        origin,
      },
      origin: event.origin ?? origin,
      related: [{ label: `${device} got the buffer here`, origin }],
      buffer: buffer.id,
      hardware: hold.writes ? undefined : OVER_READER,
      fix: isShown(buffer, device) ? DRAW_ELSEWHERE : undefined,
    })
  }
}

/** Whether `device` is a display with a picture in the buffer: it returns it only for another one. */
function isShown({ pictures }: BufferHistory, device: string): boolean {
  return [...pictures.values()].some((picture) => picture.device === device)
}

function verbOf({ kind }: Hold['event'], deviceWrites: boolean): string {
  if (kind === 'queue') return 'queued to'
  return kind === 'scanout-take' ? 'given to' : `${usedBy(deviceWrites)} by`
}
function usedBy(deviceWrites: boolean): string {
  return deviceWrites ? 'written' : 'read'
}
function stateOf({ event: { kind }, writes: deviceWrites }: Hold): string {
  if (kind === 'queue') return 'has it queued'
  if (kind === 'scanout-take') return 'is about to show it'
  return deviceWrites ? 'is writing it' : 'is reading it'
}
