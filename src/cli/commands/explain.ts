/** `dmabuf explain`. */

import { didYouMean } from '../../base/nearest.ts'
import { explain } from '../../check/report/explain.ts'
import type { RuleId } from '../../check/rules/index.ts'
import { ruleIds, rulesNamed, ruleTable } from '../../check/rules/lookup.ts'
import type { RuleInfo } from '../../check/rules/rule.ts'
import { differenceText } from '../terminal/difference.ts'
import type { Style } from '../terminal/style.ts'
import { textTable } from '../terminal/table.ts'
import { PAGE_WIDTH, wrapped } from '../terminal/wrap.ts'
import { UsageError } from '../usage-error.ts'
import { exampleOf } from './rule-example.ts'

const LIST = '`dmabuf explain` lists the rules.'

/** A rule's claim, reason and fix with an example program; or a list of all rules. */
export function explainText(name: string | undefined, style: Style): string {
  if (name === undefined) return ruleList(style)
  const rules = rulesNamed(name)
  if (rules.length > 0) return rules.map((rule) => ruleText(rule, style)).join('\n')
  throw new UsageError(`rule '${name}' is unknown`, didYouMean(name, ruleIds, LIST))
}

function ruleText({ id }: RuleInfo<RuleId>, style: Style): string {
  const text = wrapped(explain(id) ?? '', style.columns ?? PAGE_WIDTH).join('\n')
  const example = exampleOf(id)
  if (example === undefined) return text
  const { file, flagged, fixed } = example
  const title = `Flagged (-) and fixed (+), from ${file}:`
  return `${text}\n${title}\n\n${differenceText(flagged, fixed, style)}`
}

function ruleList(style: Style): string {
  const columns = [{ head: 'rule' }, { head: 'group' }, { head: 'severity' }, { head: 'claim' }]
  const rows = ruleTable.map(({ id, group, severity, claim }) => [id, group, severity, claim])
  return textTable(columns, rows, style)
}
