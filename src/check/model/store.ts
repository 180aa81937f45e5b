import type {
  AccessEdgeEvent,
  CpuAccessEvent,
  DeviceAccessEvent,
  DmaMapEvent,
  EventOrigin,
  JobEvent,
  MappedAttribute,
  QueueEvent,
} from '../../events/event.ts'
import type { Bracket } from './bracket.ts'

/** A store, with the state of its buffer at that time. */
export interface Store {
  readonly event: CpuAccessEvent | DeviceAccessEvent
  readonly by: 'task' | 'device' | 'kernel'
  /** Of the store, or of the view that it went through. */
  readonly origin: EventOrigin | undefined
  readonly attribute: MappedAttribute | undefined
  /** The CPU access that it happened in. */
  readonly bracket: Bracket | undefined
  /** A START that failed, and was not repeated, before it. */
  readonly failedStart: AccessEdgeEvent | undefined
  /** A CPU store whose dirty line lay over the range at that time. */
  readonly overDirty: Store | undefined
  /** When the job of a device began. */
  readonly job: JobEvent | undefined
  /** When its driver took the buffer into a queue. */
  readonly queued: QueueEvent | undefined
  /** The mapping that a device went through. */
  readonly dma: DmaMapEvent | undefined
  /** It went to memory that its buffer had lost: its harm is a consequence of that mistake. */
  readonly astray: boolean
  /** It went to a bounce copy. */
  readonly bounced: boolean
  /** It went through pages that the exporter's faults keep coherent. */
  readonly faulted: boolean
}
