import type { Rule } from './rule.ts'

export const reservationLock: Rule<'reservation-lock'> = {
  id: 'reservation-lock',
  group: 'G2',
  severity: 'error',
  claim:
    'The reservation lock is held for calls that require it, and not for calls that acquire it.',
  hardware:
    'Without the lock a move or another attach may intervene; a holder that acquires it again deadlocks.',
  fix: 'Take the lock with dma_resv_lock before map, pin and vmap, or call the _unlocked variant without it.',
  byCalls: 'none',
}
