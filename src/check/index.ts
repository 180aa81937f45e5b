/** The checker: rules over the event stream, and what a run's report looks like. */
export { assertClean, type Checked, findingText } from './assert-clean.ts'
export { Checker, type CheckerOptions } from './checker.ts'
export type { Site, Where } from './collector.ts'
export type {
  Because,
  CheckResult,
  Finding,
  Lint,
  Note,
  RelatedPlace,
  Severity,
} from './finding.ts'
export {
  type CostReport,
  type FindingJson,
  findingJson,
  type LintJson,
  type Locate,
  mergeReports,
  type NoteJson,
  type Report,
  type ReportJson,
  type RunJson,
  type RunReport,
  reportJson,
  type SourcePlace,
  type Verdict,
  verdictOf,
} from './report.ts'
export type { RuleId, RuleInfo, RuleSeverity } from './rule-id.ts'
export { explain, ruleIds, ruleNamed, ruleTable } from './rules.ts'
export type { Shown } from './sight.ts'
