/** For tests of programs: a result with findings becomes an error at the finding's line. */
import type { Finding } from './finding.ts'
import type { Failure } from './report/failure.ts'
import { type SeenFinding, seenFindingText } from './report/finding-text.ts'
import { placedStack } from './report/placed-stack.ts'
import type { RunLabel } from './report/runs-text.ts'

/** The part of a result that assertions look at: `runProgram`, `runAll` and `Checker.finish` return one. */
export interface Checked {
  readonly findings: readonly SeenFinding[]
  /** The runs of `runAll`. */
  readonly runs?: readonly RunLabel[] | undefined
  /** How the program itself failed. */
  readonly error?: Pick<Failure, 'message' | 'place' | 'explained'> | undefined
}

/** Thrown for a result that is not clean. Its stack begins at the first finding's line in the program. */
export class NotCleanError extends Error {
  override readonly name = 'NotCleanError'
  readonly findings: readonly Finding[]

  /** `below` is the function whose caller asks. */
  constructor(checked: Checked, below: (...args: never[]) => unknown) {
    super(problemsText(checked))
    this.findings = checked.findings
    const place = checked.findings[0]?.place ?? checked.error?.place
    this.stack = placedStack(this, place, below)
  }
}

/**
 * Throws a NotCleanError that holds every finding as the command prints it, without colours and source;
 * also where the program itself failed, so that nothing is proved.
 */
export function assertClean(checked: Checked): void {
  if (!isClean(checked)) throw new NotCleanError(checked, assertClean)
}

/** Whether nothing was found and the program ran to completion. */
export function isClean({ findings, error }: Checked): boolean {
  return findings.length === 0 && error === undefined
}

/** Every finding and the program's own failure, as a compiler would print them. */
export function problemsText({ findings, runs = [], error }: Checked): string {
  const found = findings.map((finding) => seenFindingText(finding, runs))
  const failed = error === undefined ? [] : [`the program failed: ${error.message}`]
  // A finding that explains the failure comes first.
  const all = error?.explained === true ? [...found, ...failed] : [...failed, ...found]
  return all.join('\n\n')
}
