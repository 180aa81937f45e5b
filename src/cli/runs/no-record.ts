/** Records of runs that never came to report. */
import { noCost } from '../../machine/cost.ts'
import type { RunPlan } from './plan.ts'
import type { Failure, RunRecord } from './record.ts'

/** A run of which nothing is known but how it failed. */
export function failedRecord(plan: RunPlan, failure: Failure): RunRecord {
  const nothing = { findings: [], notes: [], lints: [] }
  const rules = { rulesNotCheckable: [], rulesPartlyCheckable: [] }
  return { ...plan, ...nothing, ...rules, cost: noCost(), frames: 0, failure }
}

export function timedOut(limit: number): Failure {
  return {
    kind: 'timeout',
    message: `the program did not end within ${limit} s`,
    advice:
      'Look for a loop that never awaits a call of the kernel, or that has no end; if the program is ' +
      'only slow, give it more time with --timeout SECONDS.',
  }
}

export function exitedEarly(code: number): Failure {
  return {
    kind: 'exited',
    message: `the program called process.exit(${code}) before its default export returned`,
    advice: 'Return from the default export, or throw: the verdict needs the end of the run.',
  }
}

/** The thread broke down, most likely for want of memory. */
export function crashed(error: unknown): Failure {
  const text = error instanceof Error ? error.message : String(error)
  const message = `the run broke down: ${text}`
  const memory = /memory/i.test(text)
  return {
    kind: 'crashed',
    message,
    advice: memory
      ? 'The program holds more than the JavaScript heap: release buffers, or set NODE_OPTIONS=--max-old-space-size=MB.'
      : undefined,
  }
}
