import type {
  Agent,
  CpuAccessEvent,
  CpuViewEvent,
  DeviceAccessEvent,
  DmaMapEvent,
  EventOrigin,
  MappedAttribute,
} from '../../events/event.ts'
import type { Because, RelatedPlace } from '../finding.ts'
import type { Bracket } from '../model/bracket.ts'
import type { BufferHistory } from '../model/buffer-history.ts'
import type { RuleId } from '../rules/index.ts'

/** Who reads, and how. */
export interface Reader {
  readonly by: 'task' | 'kernel' | 'device'
  readonly name: string
  readonly event: CpuAccessEvent | CpuViewEvent | DeviceAccessEvent
  readonly buffer: BufferHistory
  /** Of the CPU's mapping. */
  readonly attribute: MappedAttribute | undefined
  readonly snooped: boolean
  /** The mapping that a device goes through. */
  readonly dma: DmaMapEvent | undefined
  /** It is a bounce copy that is read. */
  readonly bounced: boolean
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
  /** Who made it, where that may be a driver's CPU access. */
  readonly by?: Agent | undefined
}

export function isCached(attribute: MappedAttribute | undefined): boolean {
  return attribute === undefined || attribute === 'cached'
}

export function atStart({ start }: Bracket, text: string): Cause['because'] {
  return { text, event: start.id, origin: start.origin }
}

/** In the exporter's file where it is a user's, else where `used` is. */
export function atExport(
  { driver, exported }: BufferHistory,
  used: EventOrigin | undefined,
): Pick<Cause, 'origin' | 'related'> {
  const own = driver?.modelled === false ? exported?.origin : undefined
  return { origin: own ?? used, related: [] }
}

export function atMap(map: DmaMapEvent, text: string): Cause['because'] {
  return { text, event: map.id, origin: map.origin }
}
