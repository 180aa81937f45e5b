import { Reservation } from '../fence/reservation.ts'
import type { Bound } from './bound.ts'

/** Reservation objects: the lock of a buffer's placement and mappings, `buffer.resv`. */
export interface ReservationCalls {
  /** dma_resv_init: one that several buffers may share, given as `resv` when they are exported. */
  dmaResvInit(name: string): Reservation
  /** May sleep. A task that has it already waits for ever. */
  dmaResvLock(resv: Reservation): Promise<void>
  /** Whether it was free, and is the caller's now. */
  dmaResvTrylock(resv: Reservation): boolean
  /** Lets the next one in. */
  dmaResvUnlock(resv: Reservation): void
}

export function reservationCalls(bound: Bound): ReservationCalls {
  const { scheduler } = bound.host.machine
  const calls: ReservationCalls = {
    dmaResvInit: (name) => new Reservation(scheduler, `reservation lock ${name}`),
    dmaResvLock: (resv) =>
      bound.later(calls.dmaResvLock, async () => {
        await resv.lock()
      }),
    dmaResvTrylock: (resv) => bound.now(calls.dmaResvTrylock, () => resv.tryLock()),
    dmaResvUnlock: (resv) =>
      bound.now(calls.dmaResvUnlock, () => {
        if (resv.isHeldByCaller) return resv.unlock()
        const operation = 'dma_resv_unlock'
        const text = `${operation}: ${resv.name} is not held by its caller`
        bound.misuse({ code: 'lock-not-held', operation, text })
      }),
  }
  return calls
}
