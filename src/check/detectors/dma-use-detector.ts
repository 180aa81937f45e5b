/**
 * Devices against their own mappings: ended ones, the wrong direction, and accesses that an IOMMU
 * refused.
 */
import type {
  DeviceAccessEvent,
  DeviceFaultEvent,
  DmabufEvent,
  DmaMapEvent,
  EventOrigin,
  JobEvent,
} from '../../events/event.ts'
import type { Collector } from '../collector.ts'
import type { Because } from '../finding.ts'
import { isOutside, OUTSIDE_FIX } from '../hazards/reach-cause.ts'
import type { BufferHistory, MappedDma } from '../model/buffer-history.ts'
import type { History } from '../model/history.ts'
import {
  bytesOf,
  directionChooser,
  directionChosenAt,
  directionName,
  mappedFrom,
  mapperName,
} from '../words.ts'
import type { Detector } from './detector.ts'

type Use = JobEvent | DeviceAccessEvent | DeviceFaultEvent

export class DmaUseDetector implements Detector {
  readonly #history: History
  readonly #out: Collector
  /** Jobs whose ended mapping was reported at the unmap. */
  readonly #told = new WeakMap<DmaMapEvent, Set<number>>()

  constructor(history: History, out: Collector) {
    this.#history = history
    this.#out = out
  }

  after(event: DmabufEvent): void {
    switch (event.kind) {
      case 'job-start':
        this.#throughDead(event)
        return
      case 'device-load':
      case 'device-store':
        this.#throughDead(event)
        this.#direction(event)
        return
      case 'device-fault':
        this.#fault(event)
        return
      default:
        return
    }
  }

  #throughDead(event: Use): void {
    const buffer = this.#history.buffer(event.buffer)
    const mapped = this.#mappingOf(buffer, event)
    if (mapped?.unmap !== undefined) this.#reportDead(buffer, event, mapped)
    else if (mapped !== undefined && buffer.released) this.#reportFreed(buffer, event, mapped.map)
    else if (event.kind === 'device-load' || event.kind === 'device-store') {
      this.#beside(buffer, event)
    }
  }

  /** No IOMMU refuses the access: the device reaches the memory at that address. */
  #beside(buffer: BufferHistory, event: DeviceAccessEvent): void {
    // The calls show no DMA mapping: that none was seen says nothing.
    if (this.#history.shown === 'calls') return
    const { device, range, id } = event
    const started = event.job === undefined ? undefined : buffer.jobs.get(event.job)
    const mapping = event.mapping ?? started?.mapping
    const map = this.#history.mapping(mapping, event.buffer)?.map
    if (!isOutside(this.#history, { event, mapping }, map)) return
    this.#out.report({
      rule: 'out-of-range',
      event,
      message: `${device} ${verb(event)} ${bytesOf(range, buffer)} (event ${id}), where it has no mapping.`,
      because: this.#mappedElsewhere(device, map),
      origin: this.#originOf(buffer, event) ?? (map && mappedFrom(map)),
      related: [{ label: 'it was mapped here', origin: map && mappedFrom(map) }],
      buffer: buffer.id,
      range,
      fix: OUTSIDE_FIX,
    })
  }

  #mappedElsewhere(device: string, map: DmaMapEvent | undefined): Because {
    if (map === undefined) return { text: `No mapping for ${device} exists there.` }
    const { buffer, range, id } = map
    const { start, end } = range ?? { start: 0, end: this.#history.buffer(buffer).size ?? 0 }
    return {
      text: `The mapping made at event ${id} covers bytes ${start} to ${end}.`,
      event: id,
      origin: mappedFrom(map),
    }
  }

  /** The mapping is alive, and the memory that it reaches has another owner, or soon will. */
  #reportFreed(buffer: BufferHistory, event: Use, map: DmaMapEvent): void {
    this.#out.report({
      rule: 'use-after-release',
      event,
      message: `${event.device} ${verb(event)} ${bytesOf(event.range, buffer)} (event ${event.id}), which was freed while it was mapped for ${event.device}.`,
      because: {
        text: `The mapping made at event ${map.id} was not unmapped before.`,
        event: map.id,
        origin: mappedFrom(map),
      },
      origin: this.#originOf(buffer, event) ?? mappedFrom(map),
      related: [{ label: 'it was mapped here', origin: mappedFrom(map) }],
      buffer: buffer.id,
      range: event.range,
      fix: 'Unmap memory before it is freed.',
    })
  }

  #reportDead(buffer: BufferHistory, event: Use, { unmap }: MappedDma): void {
    if (unmap === undefined) return
    const told = this.#told.get(unmap) ?? new Set()
    this.#told.set(unmap, told)
    if (event.job !== undefined && told.has(event.job)) return
    if (event.job !== undefined) told.add(event.job)
    this.#out.report({
      rule: 'use-after-release',
      event,
      message: `${event.device} ${verb(event)} ${bytesOf(event.range, buffer)} (event ${event.id}) through a mapping that ${mapperName(unmap)} had unmapped.`,
      because: {
        text: `The mapping for ${event.device} was unmapped at event ${unmap.id}.`,
        event: unmap.id,
        origin: mappedFrom(unmap),
      },
      origin: this.#originOf(buffer, event) ?? mappedFrom(unmap),
      related: [{ label: 'it was unmapped here', origin: mappedFrom(unmap) }],
      buffer: buffer.id,
      range: event.range,
      fix: 'Unmap only after the last job that uses the mapping has finished.',
    })
  }

  /** A device that stores through a mapping for reading, or loads through one for writing. */
  #direction(event: DeviceAccessEvent): void {
    const narrow = event.kind === 'device-store' ? 'to-device' : 'from-device'
    const map = this.#history.dmaOf(event)
    if (map?.direction === narrow) this.#reportDirection(event, map)
  }

  #reportDirection(event: DeviceAccessEvent | DeviceFaultEvent, map: DmaMapEvent): void {
    const buffer = this.#history.buffer(event.buffer)
    const refused = event.kind === 'device-fault' ? ', and the IOMMU refuses' : ''
    this.#out.report({
      rule: 'mapping-direction',
      event,
      message: `${event.device} ${verb(event)} ${bytesOf(event.range, buffer)} (event ${event.id}) through a mapping that ${directionChooser(map)} made ${directionName(map.direction)}${refused}.`,
      because: {
        text: `The mapping was made ${directionName(map.direction)} at event ${map.id}.`,
        event: map.id,
        origin: directionChosenAt(map),
      },
      origin: directionChosenAt(map) ?? this.#originOf(buffer, event),
      related: [{ label: 'the device uses it here', origin: this.#originOf(buffer, event) }],
      buffer: buffer.id,
      range: event.range,
    })
  }

  #fault(event: DeviceFaultEvent): void {
    const buffer = this.#history.buffer(event.buffer)
    const mapped = this.#mappingOf(buffer, event)
    const { reason } = event
    if (reason === 'unmapped' && mapped?.unmap !== undefined) {
      this.#reportDead(buffer, event, mapped)
    } else if (reason === 'read-only' || reason === 'write-only') {
      if (mapped !== undefined) this.#reportDirection(event, mapped.map)
      else this.#reportOutside(buffer, event, undefined)
    } else this.#reportOutside(buffer, event, mapped?.map)
  }

  #reportOutside(
    buffer: BufferHistory,
    event: DeviceFaultEvent,
    map: DmaMapEvent | undefined,
  ): void {
    const { device, range, address, id } = event
    // Memory that was never mapped belongs to no buffer.
    const isKnown = buffer.size !== undefined
    const what = isKnown ? bytesOf(range, buffer) : `${range.end - range.start} bytes`
    const origin = this.#originOf(buffer, event)
    this.#out.report({
      rule: 'out-of-range',
      event,
      message: `${device} ${verb(event)} ${what} at DMA address 0x${address.toString(16)} (event ${id}), where it has no mapping.`,
      because: this.#mappedElsewhere(device, map),
      origin: origin ?? (map && mappedFrom(map)),
      related: [{ label: 'it was mapped here', origin: map && mappedFrom(map) }],
      ...(isKnown ? { buffer: buffer.id, range } : {}),
      fix: OUTSIDE_FIX,
    })
  }

  #mappingOf(buffer: BufferHistory, { mapping, job }: Use): MappedDma | undefined {
    const started = job === undefined ? undefined : buffer.jobs.get(job)
    return buffer.mapped(mapping ?? started?.mapping)
  }

  #originOf(buffer: BufferHistory, { origin, job }: Use): EventOrigin | undefined {
    return origin ?? (job === undefined ? undefined : buffer.jobs.get(job)?.origin)
  }
}

function verb(event: Use): string {
  if (event.kind === 'device-load') return 'reads'
  if (event.kind === 'device-store') return 'writes'
  return 'access' in event ? `${event.access}s` : 'uses'
}
