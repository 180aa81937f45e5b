/** A START, and a device's store that it did not bring to the CPU. */
import type { Hazard } from '../../events/event.ts'
import type { Bracket } from '../model/bracket.ts'
import type { Store } from '../model/store.ts'
import { bracketName, flagsOf, syncedFor, writerName } from '../words.ts'
import { bounceCause } from './bounce-cause.ts'
import { atStart, type Cause, type Reader } from './cause.ts'
import { directionCause, lostAtUnmap, neverUnmapped, skippedAtBounce } from './dma-cause.ts'
import { hookAtStart } from './hook-cause.ts'

/** The device stored after the access had begun. */
export function overDevice(bracket: Bracket, store: Store): Cause {
  const device = writerName(store)
  const first = Math.min(store.job?.id ?? store.event.id, store.queued?.id ?? store.event.id)
  if (first < bracket.start.id) {
    return {
      rule: 'early-invalidate',
      reason: `the CPU access began before ${device} had finished`,
      because: atStart(
        bracket,
        `${flagsOf(bracket.start)} came after the start of the device's job (event ${first}) and before its end.`,
      ),
      origin: bracket.start.origin,
      related: [{ label: `${device} had the buffer from here`, origin: store.queued?.origin }],
      by: bracket.start.agent,
    }
  }
  bracket.blamed = true
  return {
    rule: 'bracket-over-dma',
    reason: `a CPU access stayed open while ${device} wrote`,
    because: atStart(bracket, `No END of ${bracketName(bracket)} came before ${device} wrote.`),
    origin: bracket.start.origin,
    related: [{ label: `${device} got the buffer here`, origin: store.queued?.origin }],
    by: bracket.start.agent,
  }
}

/** The program did all that is asked of it. */
export function beganInVain(bracket: Bracket, hazard: Hazard, store: Store, reader: Reader): Cause {
  const { buffer } = reader
  const device = writerName(store)
  return (
    directionCause(device, 'writes', store.dma) ??
    neverUnmapped(buffer, store) ??
    hookAtStart(buffer, bracket, { device, dma: store.dma }, hazard.range) ??
    lostAtUnmap(buffer, store) ??
    skippedAtBounce(store) ??
    (store.bounced && bracket.start.synced.includes(device)
      ? bounceCause(store, reader)
      : startedInVain(bracket, store))
  )
}

function startedInVain(bracket: Bracket, store: Store): Cause {
  const device = writerName(store)
  return {
    rule: 'sync-is-noop',
    reason: `the START ${syncedFor(bracket.start)}`,
    because: atStart(
      bracket,
      `${flagsOf(bracket.start)} invalidated none of ${device}'s data: the buffer was not mapped for it then.`,
    ),
    origin: bracket.start.origin,
    related: [],
  }
}
