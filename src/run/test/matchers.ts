/** Matchers for results of `runAll` and `runProgram`, in the shape that `expect.extend` takes. */
import { type Checked, isClean, NotCleanError, problemsText } from '../../check/assert-clean.ts'
import type { Finding } from '../../check/finding.ts'
import type { RuleId } from '../../check/rules/index.ts'
import { ruleIds } from '../../check/rules/lookup.ts'

/** Where a finding is expected. */
export interface FindingPlace {
  /** The end of the file's path, such as `pipeline.ts`. */
  readonly file?: string | undefined
  /** From 1. */
  readonly line?: number | undefined
}

/** The matchers, as a test calls them. */
export interface DmabufMatchers<R = unknown> {
  /**
   * Passes for a result with no finding, of a program that ran to completion. Fails at the line of the
   * first finding.
   */
  toBeClean(): R
  /**
   * Passes for a result with a finding of `rule`, at `place` if given. With `.not`, passes for a program
   * that ran to completion without one.
   */
  toFind(rule: RuleId, place?: FindingPlace): R
}

interface MatcherState {
  readonly isNot?: boolean | undefined
}
interface Outcome {
  readonly pass: boolean
  message(): string
}

export const matchers = {
  toBeClean(this: MatcherState, result: unknown): Outcome {
    const checked = asChecked(result, 'toBeClean')
    const pass = isClean(checked)
    if (!pass && this.isNot !== true) throw new NotCleanError(checked, matchers.toBeClean)
    return {
      pass,
      message: () => 'expected findings, or a program that fails: the result is clean',
    }
  },

  toFind(this: MatcherState, result: unknown, rule: RuleId, place: FindingPlace = {}): Outcome {
    const checked = asChecked(result, 'toFind')
    if (!ruleIds.includes(rule)) {
      throw noRule(String(rule))
    }
    const found = checked.findings.filter((finding) => isAt(finding, rule, place))
    if (this.isNot === true && !isProof(checked, found)) {
      const problems = found.length > 0 ? { ...checked, findings: found } : checked
      throw new NotCleanError(problems, matchers.toFind)
    }
    return { pass: found.length > 0, message: () => notFoundText(checked, rule, place) }
  },
}

function noRule(rule: string): RangeError {
  const error = new RangeError(`there is no rule '${rule}': \`dmabuf explain\` lists the rules`)
  Error.captureStackTrace?.(error, matchers.toFind)
  return error
}

/** A program that failed may not have come to the mistake. */
function isProof({ error }: Checked, found: readonly Finding[]): boolean {
  return found.length === 0 && (error === undefined || error.explained === true)
}

function isAt(finding: Finding, rule: RuleId, { file, line }: FindingPlace): boolean {
  if (finding.rule !== rule) return false
  if (line !== undefined && finding.place?.line !== line) return false
  return file === undefined || finding.place?.file.endsWith(file) === true
}

function notFoundText(checked: Checked, rule: RuleId, { file, line }: FindingPlace): string {
  const at = file === undefined ? `line ${line}` : line === undefined ? file : `${file}:${line}`
  const wanted = file === undefined && line === undefined ? rule : `${rule} at ${at}`
  const problems = problemsText(checked)
  return `expected a finding ${wanted}, ${problems === '' ? 'but the result is clean' : `found:\n\n${problems}`}`
}

function asChecked(result: unknown, matcher: keyof typeof matchers): Checked {
  const { findings, runs, error } = (result ?? {}) as Partial<Checked>
  if (Array.isArray(findings)) return { findings: findings as readonly Finding[], runs, error }
  const isPromise = typeof (result as { then?: unknown } | null)?.then === 'function'
  const given = isPromise ? 'a promise' : result === null ? 'null' : typeof result
  const wrong = new TypeError(
    `${matcher}() takes the result of a run, got ${given}: write \`expect(await runAll(program)).${matcher}(...)\``,
  )
  Error.captureStackTrace?.(wrong, matchers[matcher])
  throw wrong
}
