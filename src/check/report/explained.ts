/** Whether a finding says already why the program failed. */
import type { Finding, SourcePlace } from '../finding.ts'
import type { Failure } from './failure.ts'

/**
 * `failure`, marked if it is the consequence of one of `findings`: the call of the finding failed
 * on the same line (a closed descriptor, a dead view), or a call that was never awaited is still
 * under way.
 */
export function withExplanation<F extends Failure>(
  failure: F,
  findings: readonly Explaining[],
  thrown?: unknown,
): F {
  const explained = findings.some(
    (finding) => isCause(finding, failure) || isDeadView(finding, failure, thrown),
  )
  return explained ? { ...failure, explained } : failure
}

type Explaining = Pick<Finding, 'rule' | 'place'> & Partial<Pick<Finding, 'related'>>

function isCause({ rule, place, related = [] }: Explaining, failure: Failure): boolean {
  if (rule === 'fd-leak' || rule === 'map-leak') return false
  const isForgottenAwait =
    (rule === 'bracket-not-awaited' || rule === 'call-not-awaited') && failure.kind !== 'threw'
  const wasSeen = failure.kind === 'pending' || failure.kind.startsWith('rejected')
  if (isForgottenAwait && wasSeen) return true
  const lines = [failure.place, ...(failure.callers ?? [])]
  // A call that is not awaited makes a later one fail, which the finding names.
  const causes = rule === 'call-not-awaited' ? [place, ...related.map((one) => one.place)] : [place]
  return lines.some((line) => causes.some((cause) => isSameLine(line, cause)))
}

/** A TypeError by a view that ended with its access: the finding reports it. */
function isDeadView({ rule }: Pick<Finding, 'rule'>, { kind }: Failure, thrown: unknown): boolean {
  return rule === 'use-after-release' && kind === 'threw' && thrown instanceof TypeError
}

function isSameLine(a: SourcePlace | undefined, b: SourcePlace | undefined): boolean {
  return a !== undefined && b !== undefined && a.file === b.file && a.line === b.line
}
