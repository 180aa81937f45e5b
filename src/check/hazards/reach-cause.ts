/**
 * A device that accesses an address without a mapping: through a mapping that ended, or beside
 * every mapping. Without an IOMMU it reaches the memory all the same. Wrong reads by others are a
 * consequence.
 */
import type { DeviceAccessEvent, DmaMapEvent, EventOrigin } from '../../events/event.ts'
import type { History } from '../model/history.ts'
import type { Store } from '../model/store.ts'
import { mappedFrom, mapperName } from '../words.ts'
import type { Cause, Reader } from './cause.ts'

/** A device's access, and where the driver made it. */
interface Access {
  readonly event: DeviceAccessEvent
  readonly mapping: number | undefined
  readonly origin: EventOrigin | undefined
}

export function strayStore(history: History, { event, origin, job }: Store): Cause | undefined {
  if (!('device' in event)) return undefined
  const mapping = event.mapping ?? job?.mapping
  return stray(history, { event, mapping, origin: job?.origin ?? origin })
}

export function strayLoad(history: History, { event, origin, buffer }: Reader): Cause | undefined {
  if (!('device' in event)) return undefined
  const job = event.job === undefined ? undefined : buffer.jobs.get(event.job)
  return stray(history, { event, mapping: event.mapping ?? job?.mapping, origin })
}

function stray(history: History, access: Access): Cause | undefined {
  const { event, mapping } = access
  const mapped = history.mapping(mapping, event.buffer)
  const dead = mapped?.unmap
  if (dead !== undefined && dead.id < event.id) return throughDead(access, dead)
  return isOutside(history, access, mapped?.map) ? beside(access) : undefined
}

/**
 * Whether a device's access lies outside its mappings: at an address of none of them, or past the
 * end of the mapping of its job. If mappings are not shown, none is missing.
 */
export function isOutside(
  { shown }: History,
  { event, mapping }: Omit<Access, 'origin'>,
  map: DmaMapEvent | undefined,
): boolean {
  if (mapping === undefined) return event.job === undefined && shown === 'everything'
  if (map === undefined) return false
  if (map.buffer !== event.buffer) return true
  const { range } = map
  return range !== undefined && (event.range.start < range.start || event.range.end > range.end)
}

function throughDead({ event, origin }: Access, unmap: DmaMapEvent): Cause {
  return {
    rule: 'use-after-release',
    reason: `${event.device} used a mapping that ${mapperName(unmap)} had unmapped`,
    because: {
      text: `The mapping for ${event.device} was unmapped at event ${unmap.id}.`,
      event: unmap.id,
      origin: mappedFrom(unmap),
    },
    origin: origin ?? mappedFrom(unmap),
    related: [{ label: 'it was unmapped here', origin: mappedFrom(unmap) }],
    fix: 'Unmap only after the last job that uses the mapping has finished.',
  }
}

function beside({ event, origin }: Access): Cause {
  return {
    rule: 'out-of-range',
    reason: `${event.device} went to an address where it has no mapping`,
    because: { text: `No mapping for ${event.device} covers these bytes.` },
    origin,
    related: [],
    fix: OUTSIDE_FIX,
  }
}

export const OUTSIDE_FIX =
  'Give the device the DMA addresses of its mapping (sg_dma_address) and not a physical address, and keep the job within the DMA lengths of its segments.'
