import type { DmabufEvent } from '../../events/event.ts'

/** One rule or a small family: looks at each event before and after the history has taken it in. */
export interface Rule {
  before?(event: DmabufEvent): void
  after?(event: DmabufEvent): void
  /** Nothing more is expected to come. May be called again. */
  finish?(): void
}

/** What the kernel tells of before the call is back that it is part of. */
export const STEPS: ReadonlySet<DmabufEvent['kind']> = new Set([
  'misuse',
  'dma-map',
  'dma-sync',
  'maintenance',
  'bounce-copy',
])

/** Whether it lies within a call that is not back yet: a step of it, or a store that is found on the way. */
export function isStep(event: DmabufEvent): boolean {
  return STEPS.has(event.kind) || (event.kind === 'cpu-store' && event.seen === 'reconciled')
}
