import type { BufferId, EventId, EventOrigin, Range } from '../events/event.ts'
import type { RuleId } from './rules/index.ts'

export type Severity = 'error' | 'warning'

/** A line of the user's program. */
export interface SourcePlace {
  /** An absolute path, or a URL that is not a file's. */
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 1. */
  readonly column: number
}

/** A place in the user's program that is part of a finding, and its role. */
export interface RelatedPlace {
  readonly label: string
  readonly origin: EventOrigin | undefined
  /** The origin's line, where it is known. */
  readonly place?: SourcePlace | undefined
  /** `place` as `file:line:column`. */
  readonly where?: string | undefined
}

/** The earlier event that should have prevented the harm, or that it never came. */
export interface Because {
  /** One sentence. */
  readonly text: string
  /** Absent where the point is that no such event was seen. */
  readonly event?: EventId | undefined
  readonly origin?: EventOrigin | undefined
  /** The origin's line, where it is known. */
  readonly place?: SourcePlace | undefined
  /** `place` as `file:line:column`. */
  readonly where?: string | undefined
}

/** One mistake of the program, however often it was made. */
export interface Finding {
  /** The rule's stable name: `explain(rule)` says more. */
  readonly rule: RuleId
  /** The rule's group in the catalogue of field bugs, such as C1. */
  readonly group: string
  readonly severity: Severity
  /** Whether legal hardware may deliver wrong bytes; if not, an API contract was violated. */
  readonly data: boolean
  /** Whether wrong bytes are possible but did not occur in this run. False unless `data`. */
  readonly hidden: boolean
  /** One sentence that names both parties, such as the program that stored and the display that reads. */
  readonly message: string
  /** The earlier event that should have prevented it, or that it is missing. */
  readonly because: Because
  /** The effect on real hardware. */
  readonly hardware: string
  /** The shortest change that helps. */
  readonly fix: string
  /** The line that made the mistake. Undefined where no call of the program's is known. */
  readonly origin: EventOrigin | undefined
  /** The origin's line, where it is known. */
  readonly place: SourcePlace | undefined
  /** `place` as `file:line:column`, so that a test runner's diff shows it. */
  readonly where: string | undefined
  /** Other lines that are part of it. */
  readonly related: readonly RelatedPlace[]
  /** The buffer's inode number, as fdinfo shows it. */
  readonly buffer: BufferId | undefined
  /** Bytes of the buffer. */
  readonly range: Range | undefined
  /** Whether this run's own bytes came out wrong at least once. */
  readonly wrongNow: boolean
  /** How many bytes came out wrong, in the access that got most of them wrong. */
  readonly wrongBytes: number
  /** How often it was seen at the same place. */
  readonly count: number
  /** The number of the event in which it was first seen. */
  readonly firstEvent: EventId
}

/**
 * Behaviour of a driver, or a remark on the run itself, such as a planned failure that did not happen. Never
 * changes the verdict.
 */
export interface Note {
  /** The driver, as the exporter's name; `kernel.fail` for a planned failure. */
  readonly driver: string
  readonly message: string
  readonly count: number
  readonly firstEvent: EventId
  /** Set if the note is about the run and not about a driver. */
  readonly about?: 'run' | undefined
}

/** Correct, but could be cheaper. Never changes the verdict. */
export interface Lint {
  readonly rule: RuleId
  readonly message: string
  readonly fix: string
  readonly origin: EventOrigin | undefined
  /** The origin's line, where it is known. */
  readonly place: SourcePlace | undefined
  /** `place` as `file:line:column`. */
  readonly where: string | undefined
  readonly buffer: BufferId | undefined
  readonly count: number
  readonly firstEvent: EventId
}

export interface CheckResult {
  /** In the order in which they were first seen. */
  readonly findings: readonly Finding[]
  readonly notes: readonly Note[]
  readonly lints: readonly Lint[]
  /** Rules that could not be decided, from the checker's options. */
  readonly rulesNotCheckable: readonly RuleId[]
  /** Rules of which some violations are seen, and others are not. */
  readonly rulesPartlyCheckable: readonly RuleId[]
}
