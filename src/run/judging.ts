/** What every run has in common, on whichever kernel: how its end is told, and what is made of it. */
import type { CheckResult } from '../check/finding.ts'
import type { RuleId } from '../check/rule-id.ts'
import type { EventOrigin, NewEvent } from '../events/event.ts'
import { formatOrigin } from '../tap/format-origin.ts'
import type { ProgramEnd, ProgramError } from './program.ts'
import { originOf } from './thrown.ts'

/** The last event that is the program's own. */
export function endEvent(error: ProgramError | undefined): NewEvent {
  return {
    kind: 'program-end',
    how: howEnded(error),
    error: error?.message,
    origin: originOf(error?.cause),
    agent: { kind: 'task', name: 'main' },
  }
}

function howEnded(error: ProgramError | undefined): 'returned' | 'threw' | 'stopped' {
  if (error === undefined || error.kind === 'pending') return 'returned'
  return error.kind === 'threw' ? 'threw' : 'stopped'
}

export function verdictOf(
  end: ProgramEnd,
  { findings }: CheckResult,
): 'clean' | 'findings' | 'failed' {
  if (findings.length > 0) return 'findings'
  return 'error' in end ? 'failed' : 'clean'
}

export function withoutRules(result: CheckResult, disabled: readonly RuleId[]): CheckResult {
  if (disabled.length === 0) return result
  return {
    ...result,
    findings: result.findings.filter(({ rule }) => !disabled.includes(rule)),
    lints: result.lints.filter(({ rule }) => !disabled.includes(rule)),
  }
}

/** The same text for origins at the same line of the program. */
export function siteOf(origin: EventOrigin): string {
  return placeOf(origin) ?? origin.stack ?? ''
}

/** `file:line:column`, outside this package. */
export function placeOf(origin: EventOrigin): string | undefined {
  const site = formatOrigin(origin)
  return site === undefined ? undefined : `${site.file}:${site.line}:${site.column}`
}
