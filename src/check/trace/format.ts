/**
 * A recorded run as lines of JSON, for one program on one board: a head, events with the source lines that
 * caused them, an end. docs/traces.md specifies it.
 */
import type { EventId } from '../../events/event.ts'
import type { SourcePlace } from '../finding.ts'
import type { CostReport, RunReport } from '../report/run-report.ts'
import type { RuleId } from '../rule-id.ts'
import type { Shown } from '../sight.ts'

export const TRACE_FORMAT = 'dmabuf-trace'
export const TRACE_VERSION = 1

/** The first line. */
export interface TraceHead {
  readonly format: typeof TRACE_FORMAT
  readonly version: typeof TRACE_VERSION
  /** The program's file, as it was given. */
  readonly program: string
  readonly board: string
  /** The board whose possible states the hazards in the events come from. */
  readonly judgedAs: string
  readonly policy: string
  readonly seed: number
  /** The choices of the run; absent on a real kernel. */
  readonly schedule?: string | undefined
  /** Bytes in a cache line of the judged board. */
  readonly lineSize: number
  /** The sources of the events. */
  readonly shown: Shown
  /** Rules that the run could not decide. */
  readonly notCheckable: readonly RuleId[]
}

/** The line before the first event that a source line caused. Events name it by `origin`. */
export interface TraceOrigin {
  readonly origin: number
  /** Absent: the line is not known. */
  readonly place?: SourcePlace | undefined
  /** Identifies an unknown line. */
  readonly site?: string | undefined
}

/** The last line: the parts of the run's report that events do not hold. */
export interface TraceEnd {
  readonly end: Pick<
    RunReport,
    'frames' | 'wrongFrames' | 'firstWrongFrame' | 'error' | 'kernel'
  > & {
    readonly cost: CostReport
    /** Remarks on the run itself. */
    readonly notes: RunReport['notes']
    /** The last event, so that a lost part is noticed. */
    readonly lastEvent: EventId
  }
}
