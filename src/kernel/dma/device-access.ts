/**
 * Loads and stores of devices, and their events.
 *
 * An access goes through a mapping, by position, or to a bare address. One that stays within its
 * mapping's range and direction takes the short way; any other is resolved address by address as
 * the bus would.
 */
import type { EventId, Hazard } from '../../events/event.ts'
import type { Machine } from '../../machine/machine.ts'
import { AccessEvents, agentOf, type Cause, toldOf } from './access-events.ts'
import type { Bus, Met, Missed } from './bus.ts'
import { permits } from './iommu/domain.ts'
import { coverage, type LiveMappings } from './live-mappings.ts'
import type { DmaMapping } from './mapping.ts'
import { eachRun } from './sg-table.ts'

export class DeviceAccess {
  readonly #machine: Machine
  readonly #bus: Bus
  readonly #events: AccessEvents

  constructor(machine: Machine, bus: Bus, live: LiveMappings) {
    this.#machine = machine
    this.#bus = bus
    this.#events = new AccessEvents(machine, live)
  }

  /**
   * The device reads `target.length` bytes at `offset` of the mapping. Faults read zeros. Returns the
   * number of bytes that came out wrong.
   */
  load(mapping: DmaMapping, offset: number, target: Uint8Array, job?: number): number {
    const end = offset + target.length
    if (!isGranted(mapping, offset, end, 'read')) {
      const cause = { device: mapping.device, job, mapping }
      this.#each(this.#parts(mapping, offset, end, 'read'), (part, at) =>
        this.#loadPart(cause, part, target.subarray(at, at + part.length)),
      )
      return 0
    }
    const hazards = this.#machine.as(agentOf(mapping.device), () =>
      this.read(mapping, offset, target),
    )
    const told = toldOf(mapping, { start: offset, end })
    this.#events.emit('device-load', { device: mapping.device, job, mapping }, told, hazards)
    return hazards.reduce((sum, { wrongBytes }) => sum + wrongBytes, 0)
  }

  /** The bytes at `offset` of a granted mapping that the device would read on a coherent machine. */
  expected(mapping: DmaMapping, offset: number, target: Uint8Array): void {
    eachRun(mapping, offset, offset + target.length, (storage, from, to, at) =>
      this.#machine.memory.expected(
        storage,
        from,
        target.subarray(at - offset, at - offset + to - from),
      ),
    )
  }

  /** The device writes `source` at `offset` of the mapping. Faults store nothing. */
  store(mapping: DmaMapping, offset: number, source: Uint8Array, job?: number): void {
    const end = offset + source.length
    if (!isGranted(mapping, offset, end, 'write')) {
      const cause = { device: mapping.device, job, mapping }
      this.#each(this.#parts(mapping, offset, end, 'write'), (part, at) =>
        this.#storePart(cause, part, source.subarray(at, at + part.length)),
      )
      return
    }
    this.reconcile(mapping, offset, end)
    const told = toldOf(mapping, { start: offset, end })
    const writer = this.#events.emit(
      'device-store',
      { device: mapping.device, job, mapping },
      told,
      [],
    )
    this.write(mapping, offset, source, writer)
  }

  /** The device reads from DMA address `address` on, through its mappings there. */
  busLoad(device: string, address: number, target: Uint8Array, job?: number): void {
    const cause = {
      device,
      job,
      mapping: undefined,
      origin: this.#machine.scheduler.current.origin,
    }
    this.#each(this.#bus.access(device, address, target.length, 'read'), (part, at) =>
      this.#loadPart(cause, part, target.subarray(at, at + part.length)),
    )
  }

  /** The device writes to DMA address `address` and on. */
  busStore(device: string, address: number, source: Uint8Array, job?: number): void {
    const cause = {
      device,
      job,
      mapping: undefined,
      origin: this.#machine.scheduler.current.origin,
    }
    this.#each(this.#bus.access(device, address, source.length, 'write'), (part, at) =>
      this.#storePart(cause, part, source.subarray(at, at + part.length)),
    )
  }

  /** Moves bytes out of the mapping's memory without an event; returns the hazards. */
  read(mapping: DmaMapping, offset: number, target: Uint8Array): Hazard[] {
    const hazards: Hazard[] = []
    const { memory, cost } = this.#machine
    cost.dmaOut += target.length
    const snoops = this.#machine.snoops(mapping.device)
    eachRun(mapping, offset, offset + target.length, (storage, from, to, at) => {
      const part = target.subarray(at - offset, at - offset + to - from)
      const by = at - from + mapping.offset
      const found = memory.deviceLoad(storage, from, part, snoops)
      hazards.push(...found.map((hazard) => shifted(hazard, by)))
    })
    return hazards
  }

  /** Moves bytes into the mapping's memory, as the event `writer`. */
  write(mapping: DmaMapping, offset: number, source: Uint8Array, writer: EventId): void {
    const { memory, cost } = this.#machine
    cost.dmaIn += source.length
    const snoops = this.#machine.snoops(mapping.device)
    eachRun(mapping, offset, offset + source.length, (storage, from, to, at) => {
      const part = source.subarray(at - offset, at - offset + to - from)
      memory.deviceStore(storage, from, part, snoops, writer)
    })
  }

  /** Finds stores behind views of the mapping's memory: before the event of a device's access. */
  reconcile(mapping: DmaMapping, start: number, end: number): void {
    eachRun(mapping, start, end, (storage, from, to) =>
      this.#machine.memory.reconcile(storage, from, to),
    )
  }

  /** The targets at the mapping's addresses; beyond its end it counts on from the last. */
  #parts(
    mapping: DmaMapping,
    start: number,
    end: number,
    access: 'read' | 'write',
  ): (Met | Missed)[] {
    if (mapping.failed) return [nowhere(mapping, end - start)]
    const parts: (Met | Missed)[] = []
    let position = 0
    for (const [i, { address, length }] of mapping.segments.entries()) {
      const from = Math.max(start, position)
      const last = i === mapping.segments.length - 1
      const to = last ? end : Math.min(end, position + length)
      if (from < to) {
        const at = address + from - position
        parts.push(...this.#bus.access(mapping.device, at, to - from, access))
      }
      position += length
    }
    return parts
  }

  #each(parts: readonly (Met | Missed)[], visit: (part: Met | Missed, at: number) => void): void {
    let at = 0
    for (const part of parts.flatMap(atMappingEnd)) {
      visit(part, at)
      at += part.length
    }
  }

  #loadPart(cause: Cause, part: Met | Missed, target: Uint8Array): void {
    if ('fault' in part) {
      target.fill(0)
      this.#events.emitFault(cause, part, 'read')
      return
    }
    const { memory, cost } = this.#machine
    cost.dmaOut += part.length
    const snoops = this.#machine.snoops(cause.device)
    const told = this.#events.told(cause, part)
    const by = told.range.start - part.offset
    const hazards = this.#machine.as(agentOf(cause.device), () =>
      memory.deviceLoad(part.storage, part.offset, target, snoops),
    )
    const inBuffer = hazards.map((hazard) => shifted(hazard, by))
    this.#events.emit('device-load', cause, told, inBuffer)
  }

  #storePart(cause: Cause, part: Met | Missed, source: Uint8Array): void {
    if ('fault' in part) {
      this.#events.emitFault(cause, part, 'write')
      return
    }
    const { memory, cost } = this.#machine
    const { storage, offset, length } = part
    cost.dmaIn += length
    memory.reconcile(storage, offset, offset + length)
    const told = this.#events.told(cause, part)
    const writer = this.#events.emit('device-store', cause, told, [])
    memory.deviceStore(storage, offset, source, this.#machine.snoops(cause.device), writer)
  }
}

/** The target of an access at DMA_MAPPING_ERROR. */
function nowhere({ address }: DmaMapping, length: number): Missed {
  return { address, length, fault: 'unmapped', mapping: undefined }
}

/** Whether the mapping still reaches all of the range, and nothing refuses it. */
function isGranted(
  mapping: DmaMapping,
  start: number,
  end: number,
  access: 'read' | 'write',
): boolean {
  if (start < 0 || end > mapping.size || mapping.failed) return false
  // Without an IOMMU an ended mapping reaches the frames of their current owner.
  return mapping.iommu === undefined || (mapping.live && permits(mapping.iommu, access))
}

/** A part that runs beyond its mapping, cut there: the memory behind belongs to another owner. */
function atMappingEnd(part: Met | Missed): (Met | Missed)[] {
  if ('fault' in part || part.mapping === undefined) return [part]
  const covered = coverage(part.mapping, part.storage, part.offset)
  if (covered === undefined || covered.length >= part.length) return [part]
  const { length } = covered
  const rest = {
    ...part,
    address: part.address + length,
    offset: part.offset + length,
    length: part.length - length,
  }
  return [{ ...part, length }, ...atMappingEnd(rest)]
}

/** Hazards are found in a storage and reported for a buffer. */
function shifted(hazard: Hazard, by: number): Hazard {
  if (by === 0) return hazard
  const { start, end } = hazard.range
  return { ...hazard, range: { start: start + by, end: end + by } }
}
