/** The stable names of the rules: what reports, `explain` and suppressions refer to. */
export type RuleId =
  | 'read-outside-bracket'
  | 'write-outside-bracket'
  | 'unbalanced-bracket'
  | 'bracket-direction'
  | 'sync-result-ignored'
  | 'bracket-not-awaited'
  | 'bracket-over-dma'
  | 'dirty-over-dma'
  | 'early-invalidate'
  | 'attribute-alias'
  | 'sync-is-noop'
  | 'partial-write-over-stale'
  | 'unsynced-handoff'
  | 'early-reuse'
  | 'fd-misuse'
  | 'fd-leak'
  | 'map-leak'
  | 'use-after-release'
  | 'handle-alias'
  | 'out-of-range'
  | 'redundant-sync'

/** `lint` never changes a verdict. */
export type RuleSeverity = 'error' | 'warning' | 'lint'

/** What is said of a rule without any program at hand. */
export interface RuleInfo {
  readonly id: RuleId
  /** The group in the catalogue of bugs seen in the field, as C1 or E7. */
  readonly group: string
  readonly severity: RuleSeverity
  /** One line: what the program must do. */
  readonly claim: string
  /** What real hardware does with a program that does not. */
  readonly hardware: string
  /** The usual fix, one or two sentences. */
  readonly fix: string
}
