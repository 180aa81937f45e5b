/** The checker: rules over the event stream, and the report of a run. */
export { assertClean, type Checked, NotCleanError } from './assert-clean.ts'
export { Checker, type CheckerOptions } from './checker.ts'
export type { Locate, Site } from './collector.ts'
export type {
  Because,
  CheckResult,
  Finding,
  Lint,
  Note,
  RelatedPlace,
  Severity,
  SourcePlace,
} from './finding.ts'
export { explain } from './report/explain.ts'
export type { Failure, FailureKind } from './report/failure.ts'
export { findingText } from './report/finding-text.ts'
export { githubAnnotations } from './report/github.ts'
export {
  type ErrorJson,
  type FileName,
  type FindingJson,
  type LabelledPlaceJson,
  type LintJson,
  type NoteJson,
  type PlaceJson,
  type ReportJson,
  type RunJson,
  reportJson,
} from './report/json.ts'
export { junitXml } from './report/junit.ts'
export {
  type MergeableRun,
  type Merged,
  type MergedFinding,
  mergeFindings,
} from './report/merge.ts'
export {
  type CostReport,
  overallVerdict,
  type RunReport,
  type Verdict,
  verdictOf,
} from './report/run-report.ts'
export {
  type SarifLevel,
  type SarifLocation,
  type SarifLog,
  type SarifNotification,
  type SarifOptions,
  type SarifResult,
  type SarifRule,
  type SarifText,
  sarifLog,
} from './report/sarif.ts'
export type { RuleId } from './rules/index.ts'
export { ruleIds, ruleNamed, ruleTable } from './rules/lookup.ts'
export type { RuleInfo, RuleSeverity } from './rules/rule.ts'
export type { Shown } from './shown.ts'
export { type CheckedTrace, checkTrace } from './trace/check-trace.ts'
export type { TraceEnd, TraceHead, TraceOrigin } from './trace/format.ts'
export { TraceError, type TraceItem, TraceReader } from './trace/reader.ts'
export { TraceWriter, type TraceWriterOptions } from './trace/writer.ts'
