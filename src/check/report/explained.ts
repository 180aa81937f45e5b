/** Whether a finding says already why the program failed. */
import type { Finding, SourcePlace } from '../finding.ts'
import type { Failure } from './failure.ts'

/**
 * `failure`, marked where it is the consequence of one of `findings`: the call that the finding is about
 * failed on the same line (a closed descriptor, a dead view), or a call that was never awaited is what
 * is still under way.
 */
export function withExplanation<F extends Failure>(
  failure: F,
  findings: readonly Pick<Finding, 'rule' | 'place'>[],
  thrown?: unknown,
): F {
  const explained = findings.some(
    (finding) => isCause(finding, failure) || isDeadView(finding, failure, thrown),
  )
  return explained ? { ...failure, explained } : failure
}

function isCause({ rule, place }: Pick<Finding, 'rule' | 'place'>, failure: Failure): boolean {
  if (rule === 'fd-leak' || rule === 'map-leak') return false
  const isForgottenAwait = rule === 'bracket-not-awaited' && failure.kind !== 'threw'
  const wasSeen = failure.kind === 'pending' || failure.kind.startsWith('rejected')
  if (isForgottenAwait && wasSeen) return true
  return [failure.place, ...(failure.callers ?? [])].some((line) => isSameLine(line, place))
}

/** A TypeError out of a view that ended with its access is what the finding reports. */
function isDeadView({ rule }: Pick<Finding, 'rule'>, { kind }: Failure, thrown: unknown): boolean {
  return rule === 'use-after-release' && kind === 'threw' && thrown instanceof TypeError
}

function isSameLine(a: SourcePlace | undefined, b: SourcePlace | undefined): boolean {
  return a !== undefined && b !== undefined && a.file === b.file && a.line === b.line
}
