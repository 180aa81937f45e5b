/** A run's result as plain data. */
import type { Finding, Lint } from '../../check/finding.ts'
import { withExplanation } from '../../check/report/explained.ts'
import type { ProgramError } from '../../run/program.ts'
import type { RunResult } from '../../run/run-program.ts'
import { originOf } from '../../run/thrown.ts'
import type { RunPlan } from '../runs/plan.ts'
import type { Failure, RunRecord } from '../runs/record.ts'

/** `interruption` is the reason why the command stopped the run, if it did. */
export function recordOf(plan: RunPlan, result: RunResult, interruption?: Failure): RunRecord {
  const failure = result.error && failureOf(result.error)
  return {
    ...plan,
    judgedAs: result.judgedAs,
    schedule: result.schedule,
    failures: result.failures,
    findings: result.findings.map(plainFinding),
    notes: [...result.notes],
    lints: result.lints.map(plainLint),
    rulesNotCheckable: [...result.rulesNotCheckable],
    rulesPartlyCheckable: [...result.rulesPartlyCheckable],
    cost: { ...result.cost },
    frames: result.frames,
    wrongFrames: result.wrongFrames,
    firstWrongFrame: result.firstWrongFrame,
    failure:
      interruption === undefined
        ? failure
        : withExplanation(interruption, result.findings, originOf(result.error?.cause)),
  }
}

/** Without the thrown value, which may be anything. */
function failureOf({ cause: _, unwound: _unwound, ...failure }: ProgramError): Failure {
  return failure
}

/** Without stacks: they stay behind in the worker, and their places are known. */
function plainFinding(finding: Finding): Finding {
  return {
    ...finding,
    origin: undefined,
    because: { ...finding.because, origin: undefined },
    related: finding.related.map((place) => ({ ...place, origin: undefined })),
  }
}

function plainLint(lint: Lint): Lint {
  return { ...lint, origin: undefined }
}
