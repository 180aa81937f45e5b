/**
 * The mistake behind a read that may miss a store by the kernel: an exporter's zeros, or a driver's
 * own bytes.
 */
import type { Hazard } from '../../events/event.ts'
import type { History } from '../model/history.ts'
import type { Store } from '../model/store.ts'
import { attributeCause } from './alias-cause.ts'
import { bounceCause } from './bounce-cause.ts'
import { type Cause, isCached, type Reader } from './cause.ts'
import { directionCause, skippedAtMap } from './dma-cause.ts'
import { causeInDriverStore } from './driver-cause.ts'
import { neighbourDropped } from './shared-line-cause.ts'

export function causeInKernelStore(
  history: History,
  hazard: Hazard,
  store: Store,
  reader: Reader,
): Cause {
  if (!reader.bounced && !(isCached(store.attribute) && isCached(reader.attribute))) {
    return attributeCause(store, reader)
  }
  const shared = hazard.kind === 'lost' ? neighbourDropped(history, hazard, store) : undefined
  if (shared !== undefined) return shared
  const { buffer, mapping } = store.event
  // A store through a mapping (vmap), or to its own memory, is a driver's and not an exporter's
  // zeroing.
  if (mapping !== undefined || buffer < 0) return causeInDriverStore(hazard, store, reader)
  return causeInZeros(hazard, store, reader)
}

/** The initial content of a buffer, which no CPU access of the program covers. */
function causeInZeros(hazard: Hazard, store: Store, reader: Reader): Cause {
  const { origin, buffer, dma, name, bounced } = reader
  const known =
    directionCause(name, 'reads', reader.by === 'device' ? dma : undefined) ??
    skippedAtMap(store, dma)
  if (known !== undefined) return known
  if (bounced) return bounceCause(store, reader)
  if (hazard.kind !== 'lost') {
    return {
      rule: 'sync-is-noop',
      reason: 'they are still dirty in the CPU cache, which it does not snoop',
      because: { text: 'Since then no map and no END for writing has cleaned the buffer.' },
      origin: origin ?? buffer.shared?.origin,
      related: [],
    }
  }
  return {
    rule: 'dirty-over-dma',
    reason: 'the dirty lines were dropped before they were cleaned',
    because: { text: 'The new buffer was not cleaned before a device used it.' },
    origin: origin ?? buffer.shared?.origin,
    related: [],
    fix: 'Read only bytes that were stored, or fill the buffer inside a CPU access for writing first.',
  }
}
