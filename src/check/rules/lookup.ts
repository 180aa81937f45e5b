/** Rules by name. */
import type { Shown } from '../shown.ts'
import { type RuleId, rules } from './index.ts'
import type { Rule, RuleInfo, Sight } from './rule.ts'

export const ruleTable: readonly RuleInfo<RuleId>[] = rules

export const ruleIds: readonly RuleId[] = rules.map(({ id }) => id)

const byId: ReadonlyMap<string, Rule<RuleId>> = new Map(
  rules.map((rule): [string, Rule<RuleId>] => [rule.id, rule]),
)

/** The rules with this name, or of this group (C1, also in lower case). */
export function rulesNamed(name: string): RuleInfo<RuleId>[] {
  const rule = byId.get(name)
  return rule === undefined ? ruleTable.filter(({ group }) => group === name.toUpperCase()) : [rule]
}

/** The rule with this name, the first of this group, or undefined. */
export function ruleNamed(name: string): RuleInfo<RuleId> | undefined {
  return rulesNamed(name)[0]
}

export function ruleOf(id: RuleId): Rule<RuleId> {
  return byId.get(id) as Rule<RuleId>
}

/** The rules that are seen so far by a checker that is shown so much. */
export function rulesSeen(sight: Sight, shown: Shown): RuleId[] {
  if (shown === 'everything') return sight === 'whole' ? [...ruleIds] : []
  return rules.filter(({ byCalls }) => byCalls === sight).map(({ id }) => id)
}

/** The rules that supersede others. A rule comes after those that supersede it: a dropped finding drops no other. */
export const supersedingRules: readonly Rule<RuleId>[] = rules
  .filter(({ supersedes = [] }) => supersedes.length > 0)
  .sort((a, b) => depthOf(a.id) - depthOf(b.id))

/** How many rules supersede it, one another in turn. The relation has no circle. */
function depthOf(id: string): number {
  const better = rules.filter(({ supersedes = [] }) => supersedes.some(({ rule }) => rule === id))
  return better.length === 0 ? 0 : 1 + Math.max(...better.map((one) => depthOf(one.id)))
}
