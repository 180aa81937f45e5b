import type {
  CpuAccessEvent,
  CpuViewEvent,
  DeviceAccessEvent,
  EventOrigin,
  MemoryAttribute,
} from '../../events/event.ts'
import type { BufferHistory } from '../buffer-history.ts'
import type { Because, RelatedPlace } from '../finding.ts'
import type { RuleId } from '../rule-id.ts'

/** Who reads, and how. */
export interface Reader {
  readonly by: 'cpu' | 'device'
  readonly name: string
  readonly event: CpuAccessEvent | CpuViewEvent | DeviceAccessEvent
  readonly buffer: BufferHistory
  /** Of the CPU's mapping. */
  readonly attribute: MemoryAttribute | undefined
  readonly snooped: boolean
  readonly origin: EventOrigin | undefined
}

/** The mistake behind a hazard. */
export interface Cause {
  readonly rule: RuleId
  /** Goes on after a colon. */
  readonly reason: string
  readonly because: Because
  /** Where the mistake was made. */
  readonly origin: EventOrigin | undefined
  readonly related: readonly RelatedPlace[]
  readonly fix?: string | undefined
}

export function isCached(attribute: MemoryAttribute | undefined): boolean {
  return attribute === undefined || attribute === 'cached'
}
