import { rulesNamed } from '../rules/lookup.ts'
import type { RuleInfo } from '../rules/rule.ts'

/** A rule, or each rule of a group, as text for a terminal; undefined for an unknown name. */
export function explain(name: string): string | undefined {
  const rules = rulesNamed(name)
  return rules.length === 0 ? undefined : rules.map(explainRule).join('\n')
}

function explainRule(rule: RuleInfo): string {
  return [
    `${rule.id} (${rule.group}, ${rule.severity})`,
    '',
    rule.claim,
    '',
    `On real hardware: ${rule.hardware}`,
    '',
    `Fix: ${rule.fix}`,
    '',
  ].join('\n')
}
