/** Mappings that an exporter keeps coherent by faults and unmap_mapping_range, without CPU accesses. */
import type { CpuAccessEvent, PageTableEvent } from '../../events/event.ts'
import type { Store } from '../model/store.ts'
import { agentName, mappedFrom, writerName } from '../words.ts'
import { atExport, type Cause } from './cause.ts'
import { memoryOf, type Pair } from './pair.ts'

/** The exporter flushes when a device maps: a mapping from before the store misses it. */
export function mappedBefore({ store, reader }: Pair): Cause | undefined {
  const { dma, name } = reader
  if (dma === undefined || dma.id > store.event.id) return undefined
  const importer = dma.importer?.driver.modelled === false ? mappedFrom(dma) : undefined
  return {
    rule: 'import-not-renewed',
    reason: `${name} still uses its mapping of event ${dma.id}, and the exporter writes dirty lines back only when a device maps`,
    because: {
      text: `No device mapped the buffer between the store at event ${store.event.id} and the read.`,
      event: dma.id,
      origin: mappedFrom(dma),
    },
    origin: importer ?? store.origin ?? reader.origin,
    related: [{ label: `${name} mapped the buffer here`, origin: mappedFrom(dma) }],
  }
}

/** The page was put in while the device had the buffer mapped, and nothing takes it out again. */
export function touchedWhileMapped(pair: Pair, store: Store, touch: Touch): Cause | undefined {
  const { dma } = store
  const fault = touch.fault
  if (dma === undefined || fault === undefined || fault.id > store.event.id) return undefined
  const device = writerName(store)
  const who = agentName(touch.agent)
  // A device that has the buffer mapped and is idle does no harm by itself.
  const began = Math.min(
    store.job?.id ?? Number.POSITIVE_INFINITY,
    store.queued?.id ?? Number.POSITIVE_INFINITY,
  )
  const isDuring = (Number.isFinite(began) ? began : dma.id) < fault.id
  return {
    rule: isDuring ? 'touched-over-dma' : 'import-not-renewed',
    reason: isDuring
      ? `${who} touched the page (event ${fault.id}) while ${device} had the buffer mapped, and the fault handler does not wait for the device`
      : `${device} still uses its mapping of event ${dma.id}, and the exporter takes pages out only when a device maps`,
    because: {
      text: isDuring
        ? `${device} mapped the buffer at event ${dma.id}, and the page fault came before its stores.`
        : `The page has been mapped since event ${fault.id}, and no device mapped the buffer since.`,
      event: isDuring ? dma.id : fault.id,
      origin: isDuring ? mappedFrom(dma) : fault.origin,
    },
    origin: isDuring ? (fault.origin ?? pair.reader.origin) : (mappedFrom(dma) ?? fault.origin),
    related: [{ label: `${device} mapped the buffer here`, origin: mappedFrom(dma) }],
  }
}

/** A page as the CPU touched it. */
export interface Touch {
  readonly fault: PageTableEvent | undefined
  readonly agent: CpuAccessEvent['agent']
}

/** A device has a bounce buffer, which such an exporter does not copy. */
export function bounceSkipped(pair: Pair, device: string): Cause {
  const { store, reader } = pair
  const dma = reader.bounced ? reader.dma : store.dma
  return {
    rule: 'bounce-not-synced',
    reason: `${device} has a bounce buffer, and the exporter, which keeps user mappings coherent by faults, did not copy it`,
    because: {
      text: `The mapping for ${device} uses a bounce buffer, and its CPU syncs are skipped.`,
      event: dma?.id,
      origin: dma && mappedFrom(dma),
    },
    origin: (dma && mappedFrom(dma)) ?? store.origin ?? reader.origin,
    related: [],
    fix: 'Take memory within the reach of the device, or of an exporter that syncs every mapping at each CPU access (a DMA heap).',
  }
}

/** The program did all that the mechanism asks of it. */
export function exporterMissed(pair: Pair, what: string): Cause {
  const buffer = memoryOf(pair)
  return {
    rule: 'sync-is-noop',
    reason: `exporter ${buffer.exporter} keeps its user mappings coherent by faults, and ${what}`,
    because: {
      text: 'The device mapped the buffer, and the pages were touched, in the right order.',
    },
    ...atExport(buffer, pair.reader.origin),
    fix: 'In map_dma_buf remove the pages from user mappings and write touched lines back; in the fault handler invalidate the page for every device that may have written it.',
  }
}

/** The page fault of the bytes of a load through such a mapping. */
export function touchOf({ hazard, reader }: Pair): Touch {
  const fault = reader.buffer.faults.latest(hazard.range)
  return { fault, agent: reader.event.agent }
}
