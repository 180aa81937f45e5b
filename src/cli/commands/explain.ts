/** `dmabuf explain`. */
import { explain, ruleIds, ruleTable } from '../../check/rules.ts'
import { didYouMean } from '../nearest.ts'
import type { Style } from '../terminal/style.ts'
import { tableText } from '../terminal/table.ts'
import { UsageError } from '../usage-error.ts'

/** What a rule asks for and why, or all rules in a line each. */
export function explainText(name: string | undefined, style: Style): string {
  if (name === undefined) return ruleList(style)
  const text = explain(name)
  if (text !== undefined) return text
  throw new UsageError(`rule '${name}' is unknown`, didYouMean(name, ruleIds))
}

function ruleList(style: Style): string {
  const columns = [{ head: 'rule' }, { head: 'group' }, { head: 'severity' }, { head: 'claim' }]
  const rows = ruleTable.map(({ id, group, severity, claim }) => [id, group, severity, claim])
  return tableText(columns, rows, style)
}
