import type { DmabufEvent } from '../../events/event.ts'

/** One rule or a small family: looks at each event before and after the history has taken it in. */
export interface Detector {
  before?(event: DmabufEvent): void
  after?(event: DmabufEvent): void
  /** Nothing more is expected to come. May be called again. */
  finish?(): void
}
