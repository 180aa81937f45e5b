import { Reservation } from '../kernel/fence/reservation.ts'
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
  /**
   * Locked by a call of the driver. It cannot unlock a lock that the core holds around its
   * operations.
   */
  const own = new Set<Reservation>()
  const calls: ReservationCalls = {
    dmaResvInit: (name) => new Reservation(scheduler, `reservation lock ${name}`),
    dmaResvLock: (resv) =>
      bound.later(calls.dmaResvLock, async () => {
        await resv.lock()
        own.add(resv)
      }),
    dmaResvTrylock: (resv) =>
      bound.now(calls.dmaResvTrylock, () => {
        const locked = resv.tryLock()
        if (locked) own.add(resv)
        return locked
      }),
    dmaResvUnlock: (resv) =>
      bound.now(calls.dmaResvUnlock, () => {
        if (resv.isHeldByCaller && own.delete(resv)) return resv.unlock()
        const operation = 'dma_resv_unlock'
        const why = resv.isHeldByCaller ? 'was locked by the core, around' : 'is not held by'
        const text = `${operation}: ${resv.name} ${why} its caller`
        bound.misuse({ code: 'lock-not-held', operation, text })
      }),
  }
  return calls
}
