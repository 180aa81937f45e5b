/** The stable names of the rules: what reports, `explain` and suppressions refer to. */
export type RuleId =
  | 'read-outside-bracket'
  | 'write-outside-bracket'
  | 'unbalanced-bracket'
  | 'bracket-direction'
  | 'sync-result-ignored'
  | 'bracket-not-awaited'
  | 'call-not-awaited'
  | 'bracket-over-dma'
  | 'dirty-over-dma'
  | 'early-invalidate'
  | 'uncovered-mapping'
  | 'private-copy'
  | 'shared-line'
  | 'attribute-alias'
  | 'bounce-not-synced'
  | 'sync-is-noop'
  | 'mapping-direction'
  | 'unsafe-skip-hint'
  | 'dma-api-misuse'
  | 'partial-write-over-stale'
  | 'unsynced-handoff'
  | 'early-reuse'
  | 'missing-wait'
  | 'fd-misuse'
  | 'fd-leak'
  | 'early-publish'
  | 'map-leak'
  | 'mapping-leak'
  | 'freed-in-use'
  | 'backing-mismatch'
  | 'use-after-release'
  | 'handle-alias'
  | 'reference-misuse'
  | 'driver-contract'
  | 'out-of-range'
  | 'growable-mapping'
  | 'reservation-lock'
  | 'redundant-sync'
  | 'whole-buffer-sync'
  | 'uncached-read'
  | 'bracket-order'
  | 'never-written'
  | 'never-read'

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
