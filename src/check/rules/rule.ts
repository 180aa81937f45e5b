/** The form of a rule: all that is known of it in one place. */
import type { Collector } from '../collector.ts'
import type { Deferred } from '../detectors/deferred.ts'
import type { Detector } from '../detectors/detector.ts'
import type { History } from '../model/history.ts'

/** `lint` never changes a verdict. */
export type RuleSeverity = 'error' | 'warning' | 'lint'

/** `part`: some ways to break the rule are seen, others are not. */
export type Sight = 'whole' | 'part' | 'none'

/** A rule as `explain` and reports show it. */
export interface RuleInfo<Id extends string = string> {
  readonly id: Id
  /** The group: of the catalogue of bugs seen in the field, as C1 or E7, or of mechanisms, as M1. */
  readonly group: string
  readonly severity: RuleSeverity
  /** One line: the duty of the program. */
  readonly claim: string
  /** The effect on real hardware if it is neglected. */
  readonly hardware: string
  /** The usual fix, one or two sentences. */
  readonly fix: string
}

/** A rule whose finding at the same place describes the same mistake less well, and is dropped. */
export interface Superseded {
  readonly rule: string
  /** Only if the better finding is about wrong bytes itself. */
  readonly ifHarmful?: true
  /** `because`: the dropped finding names the better one's line as its cause. Default: both have one line. */
  readonly where?: 'because'
}

export interface Rule<Id extends string = string> extends RuleInfo<Id> {
  /** The fix if a driver made the mistake. */
  readonly driverFix?: string
  /** How far the program's calls alone decide it, without the events inside a kernel. */
  readonly byCalls: Sight
  readonly supersedes?: readonly Superseded[]
  /** The detector, if it reports this rule alone; the shared ones are in `detectors/`. */
  readonly detect?: (context: Context) => Detector
}

/** The means of a detector. */
export interface Context {
  readonly history: History
  readonly out: Collector
  readonly deferred: Deferred
}
