import type { AccessEdgeEvent, CpuAccess, CpuMapEvent, EventId } from '../../events/event.ts'
import type { Effects } from './call-effects.ts'

/** A CPU access: from a START that succeeded to its END. */
export interface Bracket {
  readonly start: AccessEdgeEvent
  /** The task that began it. */
  readonly task: number
  readonly access: CpuAccess
  /** The first event of the START: its maintenance comes before it is back. */
  readonly began: EventId
  /** The effects of the exporter's begin_cpu_access. */
  readonly begun: Effects
  end: AccessEdgeEvent | undefined
  /** No store after this event can belong to it. */
  ended: EventId
  /** The event in which the call of its END began. */
  ending: EventId
  /** The effects of the exporter's end_cpu_access. */
  done: Effects | undefined
  /** The CPU mappings whose bytes were used in it. */
  readonly used: Set<number>
  /** One of these was unmapped before the END. */
  unmapped: CpuMapEvent | undefined
  /** A START for reading that came while this access, for writing, was open. */
  interrupted: AccessEdgeEvent | undefined
  /** It has a finding: one mistake is reported once. */
  blamed: boolean
}

export function reads(access: CpuAccess): boolean {
  return access !== 'write'
}
export function writes(access: CpuAccess): boolean {
  return access !== 'read'
}
