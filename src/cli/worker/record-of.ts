/** A run's result as plain data. */
import type { Finding, Lint } from '../../check/finding.ts'
import type { ProgramError } from '../../run/program.ts'
import type { RunResult } from '../../run/run-program.ts'
import { withExplanation } from '../runs/explained.ts'
import type { RunPlan } from '../runs/plan.ts'
import type { Failure, FoundFinding, FoundLint, RunRecord } from '../runs/record.ts'
import { placeOf, placesOf } from './places.ts'

/** `interruption` is what made us stop the run, where we did. */
export function recordOf(plan: RunPlan, result: RunResult, interruption?: Failure): RunRecord {
  const findings = result.findings.map(findingOf)
  const failure = interruption ?? (result.error && failureOf(result.error))
  return {
    ...plan,
    judgedAs: result.judgedAs,
    findings,
    notes: result.notes.map(({ driver, message, count }) => ({ driver, message, count })),
    lints: result.lints.map(lintOf),
    rulesNotCheckable: [...result.rulesNotCheckable],
    rulesPartlyCheckable: [...result.rulesPartlyCheckable],
    cost: { ...result.cost },
    frames: result.frames,
    failure: failure && withExplanation(failure, findings, result.error?.cause),
  }
}

function failureOf({ kind, message, cause }: ProgramError): Failure {
  const [place, ...callers] = placesOf(cause)
  return { kind, message, place, callers }
}

function findingOf(finding: Finding): FoundFinding {
  const { rule, group, severity, data, hidden, wrongNow, message, hardware, fix } = finding
  const { buffer, range, count, firstEvent: event } = finding
  return {
    ...{ rule, group, severity, data, hidden, wrongNow, message, hardware, fix },
    ...{ buffer, range, count, event },
    because: finding.because.text,
    becausePlace: placeOf(finding.because.origin),
    place: placeOf(finding.origin),
    related: finding.related.flatMap(({ label, origin }) => {
      const place = placeOf(origin)
      return place === undefined ? [] : [{ label, place }]
    }),
  }
}

function lintOf({ rule, message, fix, origin, buffer, count }: Lint): FoundLint {
  return { rule, message, fix, place: placeOf(origin), buffer, count }
}
