/** The common part of every run, on any kernel: the event of its end, and the result. */
import type { CheckResult, Note } from '../check/finding.ts'
import { stackOfProgram } from '../check/model/program-frames.ts'
import { withExplanation } from '../check/report/explained.ts'
import { placeText } from '../check/report/place-text.ts'
import { type Verdict, verdictOf } from '../check/report/run-report.ts'
import type { RuleId } from '../check/rules/index.ts'
import type { EventOrigin, NewEvent } from '../events/event.ts'
import type { PlannedFailure } from '../sim/index.ts'
import { placeOf, placesOf } from './places.ts'
import type { ProgramEnd, ProgramError } from './program.ts'
import { errorsIn, isUseOfEnded, messageOf, originOf } from './thrown.ts'

/** The last event that is the program's own. */
export function endEvent(error: ProgramError | undefined): NewEvent {
  return {
    kind: 'program-end',
    how: howEnded(error),
    error: error?.message,
    ...(error?.kind === 'threw' && isUseOfEnded(errorsIn(error.cause)[0])
      ? { usesEnded: true }
      : {}),
    origin: originOf(error?.cause),
    agent: { kind: 'task', name: 'main' },
  }
}

function howEnded(error: ProgramError | undefined): 'returned' | 'threw' | 'stopped' {
  if (error === undefined || error.kind === 'pending') return 'returned'
  return error.kind === 'threw' ? 'threw' : 'stopped'
}

/** The verdict and the end: an error gets its place, and whether a finding explains it. */
export function judged(
  end: ProgramEnd,
  { findings }: Pick<CheckResult, 'findings'>,
): ProgramEnd & { readonly verdict: Verdict } {
  if (!('error' in end)) return { ...end, verdict: verdictOf({ findings }) }
  const [place, ...callers] = placesOf(end.error.cause)
  const [, ...later] = errorsIn(end.error.cause)
  const then = later.map((one) => ({ message: messageOf(one), place: placesOf(one)[0] }))
  const error = withExplanation(
    {
      ...end.error,
      place: place ?? end.error.place,
      callers,
      ...(then.length > 0 ? { then } : {}),
    },
    findings,
    originOf(end.error.cause),
  )
  return { error, verdict: verdictOf({ findings, error }) }
}

export function withoutRules(result: CheckResult, disabled: readonly RuleId[]): CheckResult {
  if (disabled.length === 0) return result
  return {
    ...result,
    findings: result.findings.filter(({ rule }) => !disabled.includes(rule)),
    lints: result.lints.filter(({ rule }) => !disabled.includes(rule)),
  }
}

/** A failure that was planned and did not happen is noted: the run proves nothing about it. */
export function withPlans(result: CheckResult, plans: readonly PlannedFailure[]): CheckResult {
  const notes = plans.map(({ call, nth, code }): Note => {
    const message =
      `The planned failure of call ${nth} of ${call} (${code}) did not happen: ` +
      'the program made fewer of these calls.'
    return { driver: 'kernel.fail', message, count: 1, firstEvent: 0, about: 'run' }
  })
  return notes.length === 0 ? result : { ...result, notes: [...result.notes, ...notes] }
}

/** The same text for origins at the same line of the program. */
export function siteOf(origin: EventOrigin): string {
  const place = placeOf(origin)
  return place === undefined ? stackOfProgram(origin) : placeText(place)
}
