/** The rules in the order of the catalogue. */
import * as all from './all.ts'
import type { Rule } from './rule.ts'

/** The stable name of a rule. Reports, `explain` and suppressions refer to it. */
export type RuleId = (typeof all)[keyof typeof all]['id']

export const rules: readonly Rule<RuleId>[] = Object.values(all).sort(byGroup)

/** C2 comes before C10. */
function byGroup(a: Rule, b: Rule): number {
  return a.group.localeCompare(b.group, 'en', { numeric: true }) || (a.id < b.id ? -1 : 1)
}
