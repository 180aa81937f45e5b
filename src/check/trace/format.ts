/**
 * A recorded run as lines of JSON, for one program on one board: a head, events with the source lines that
 * caused them, an end. docs/traces.md specifies it.
 */
import type { EventId } from '../../events/event.ts'
import type { Field, Fields } from '../../events/field.ts'
import type { Note, SourcePlace } from '../finding.ts'
import { type Failure, failureKinds, type LaterError } from '../report/failure.ts'
import type { CostReport, RunReport } from '../report/run-report.ts'
import type { RuleId } from '../rules/index.ts'
import { ruleIds } from '../rules/lookup.ts'
import type { Shown } from '../shown.ts'

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
    'frames' | 'wrongFrames' | 'firstWrongFrame' | 'error' | 'kernel' | 'schedule'
  > & {
    readonly cost: CostReport
    /** Remarks on the run itself. */
    readonly notes: RunReport['notes']
    /** The last event, so that a lost part is noticed. */
    readonly lastEvent: EventId
  }
}

/** Compiles only if each field of `T` has a row. */
type FieldsOf<T> = Readonly<Record<keyof T & string, Field>>

const NUMBER: Field = { type: 'number' }
const TEXT: Field = { type: 'text' }

export const HEAD_FIELDS: FieldsOf<TraceHead> = {
  format: TEXT,
  version: NUMBER,
  program: TEXT,
  board: TEXT,
  judgedAs: TEXT,
  policy: TEXT,
  seed: NUMBER,
  lineSize: NUMBER,
  shown: { type: { oneOf: ['everything', 'calls'] } },
  notCheckable: { type: { list: { oneOf: ruleIds } } },
}

const PLACE: FieldsOf<SourcePlace> = { file: TEXT, line: NUMBER, column: NUMBER }

export const ORIGIN_FIELDS: FieldsOf<TraceOrigin> = {
  origin: NUMBER,
  place: { type: { fields: PLACE }, optional: true },
  site: { type: 'text', optional: true },
}

const LATER_ERROR: FieldsOf<LaterError> = {
  message: TEXT,
  place: { type: { fields: PLACE }, optional: true },
}

const FAILURE: FieldsOf<Failure> = {
  kind: { type: { oneOf: failureKinds } },
  message: TEXT,
  advice: { type: 'text', optional: true },
  place: { type: { fields: PLACE }, optional: true },
  callers: { type: { list: { fields: PLACE } }, optional: true },
  // biome-ignore lint/suspicious/noThenProperty: the report's name of the field; no promise is meant.
  then: { type: { list: { fields: LATER_ERROR } }, optional: true },
  explained: { type: 'flag', optional: true },
}

const NOTE: FieldsOf<Note> = {
  driver: TEXT,
  message: TEXT,
  count: NUMBER,
  firstEvent: NUMBER,
  about: { type: { oneOf: ['run'] }, optional: true },
}

const KERNEL: Fields = { release: TEXT, memory: TEXT }

export const END_FIELDS: FieldsOf<TraceEnd['end']> = {
  cost: { type: { each: 'number' } },
  schedule: { type: 'text', optional: true },
  frames: NUMBER,
  wrongFrames: NUMBER,
  firstWrongFrame: { type: 'number', optional: true },
  error: { type: { fields: FAILURE }, optional: true },
  kernel: { type: { fields: KERNEL }, optional: true },
  notes: { type: { list: { fields: NOTE } } },
  lastEvent: NUMBER,
}
