/** The events of devices' accesses: memory and mapping. */
import type {
  Agent,
  DeviceFaultEvent,
  EventId,
  EventOrigin,
  Hazard,
  Range,
} from '../../events/event.ts'
import type { Machine } from '../../machine/machine.ts'
import { bouncedIn } from './bounce/bounce-copy.ts'
import type { Met, Missed } from './bus.ts'
import { coverage, type LiveMappings } from './live-mappings.ts'
import type { DmaMapping } from './mapping.ts'

/** On whose behalf: a job of the device, and its mapping, where there are such. */
export interface Cause {
  readonly device: string
  readonly job: number | undefined
  readonly mapping: DmaMapping | undefined
  /** The driver's line that makes the access, if no job has it. */
  readonly origin?: EventOrigin | undefined
}

/** Bytes of an access, with their place in a buffer for events. */
export interface Told {
  readonly buffer: number
  readonly range: Range
  readonly mapping: number | undefined
  readonly bounced: boolean
}

export class AccessEvents {
  readonly #machine: Machine
  readonly #live: LiveMappings

  constructor(machine: Machine, live: LiveMappings) {
    this.#machine = machine
    this.#live = live
  }

  /** By the mapping that reaches the bytes; else by whose memory they are. */
  told({ mapping: through }: Cause, { storage, offset, length, mapping }: Met): Told {
    const known = mapping ?? through
    const covered = known === undefined ? undefined : coverage(known, storage, offset)
    if (known !== undefined && covered !== undefined) {
      return toldOf(known, { start: covered.position, end: covered.position + length })
    }
    const owner = this.#live.ownerOf(storage, offset) ?? { buffer: storage.buffer, shift: 0 }
    const start = Math.max(0, offset + owner.shift)
    const range = { start, end: start + length }
    return { buffer: owner.buffer, range, mapping: known?.id, bounced: false }
  }

  emit(
    kind: 'device-load' | 'device-store',
    { device, job, origin }: Cause,
    told: Told,
    hazards: readonly Hazard[],
  ): EventId {
    return this.#machine.events.emit({
      kind,
      job,
      device,
      buffer: told.buffer,
      range: told.range,
      snooped: this.#machine.snoops(device).judged,
      hazards,
      mapping: told.mapping,
      bounced: told.bounced,
      agent: agentOf(device),
      origin,
    })
  }

  emitFault(cause: Cause, part: Missed, access: 'read' | 'write'): void {
    const mapping = part.mapping ?? cause.mapping
    const start = mapping === undefined ? part.address : positionAt(mapping, part.address)
    const range = { start, end: start + part.length }
    this.#machine.events.emit({
      kind: 'device-fault',
      job: cause.job,
      device: cause.device,
      access,
      buffer: mapping?.buffer ?? 0,
      mapping: mapping?.id,
      range: mapping === undefined ? range : mapping.inBuffer(range),
      address: part.address,
      reason: reasonFor(mapping, start, part),
      agent: agentOf(cause.device),
      origin: cause.origin,
    })
  }
}

/** The place in the mapping that an address stands for; beyond its end, counted on from there. */
function positionAt(mapping: DmaMapping, address: number): number {
  let position = 0
  for (const segment of mapping.segments) {
    const at = address - segment.address
    if (at >= 0 && at < segment.length) return position + at
    position += segment.length
  }
  const last = mapping.segments.at(-1)
  if (last === undefined) return 0
  return position - last.length + address - last.address
}

/** An address that no mapping ever had next to one that lives is one beyond its end. */
function reasonFor(
  mapping: DmaMapping | undefined,
  start: number,
  { fault }: Missed,
): DeviceFaultEvent['reason'] {
  const isBeyond = mapping?.live === true && (start < 0 || start >= mapping.size)
  return fault === 'unmapped' && isBeyond ? 'out-of-range' : fault
}

export function toldOf(mapping: DmaMapping, range: Range): Told {
  return {
    buffer: mapping.buffer,
    range: mapping.inBuffer(range),
    mapping: mapping.id,
    bounced: bouncedIn(mapping, range).length > 0,
  }
}

export function agentOf(device: string): Agent {
  return { kind: 'device', name: device }
}
