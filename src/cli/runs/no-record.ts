/** Records of runs that ended before they could report. */
import { noCost } from '../../machine/cost.ts'
import { messageOf } from '../../run/thrown.ts'
import type { RunProgress } from './messages.ts'
import type { RunPlan } from './plan.ts'
import type { Failure, RunRecord } from './record.ts'
import type { TimeLimit } from './time-limit.ts'

/** A run of which nothing is known but how it failed. */
export function failedRecord(plan: RunPlan, failure: Failure): RunRecord {
  const nothing = { findings: [], notes: [], lints: [] }
  const rules = { rulesNotCheckable: [], rulesPartlyCheckable: [] }
  return { ...plan, ...nothing, ...rules, cost: noCost(), frames: 0, wrongFrames: 0, failure }
}

/** `progress` is that of the run until its time was over. */
export function timedOut({ seconds, kind }: TimeLimit, { calls, frames }: RunProgress): Failure {
  const message =
    kind === 'total'
      ? `the program did not end within ${seconds} s`
      : `the program made no progress for ${seconds} s`
  return {
    kind: 'timeout',
    message: `${message} (${counted(calls, 'call')}, ${counted(frames, 'frame')} shown)`,
    advice:
      'Look for a loop that never awaits a call of the kernel, or that has no end; if the program is ' +
      'only slow, give it more time with --timeout SECONDS.',
  }
}

/** Nothing keeps the thread alive, and it has not reported. */
export function endedItself(): Failure {
  return {
    kind: 'exited',
    message: 'the program ended without a result: it awaits a promise that nothing will settle',
    advice: 'Look at the promises that the file awaits at its top level.',
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
  const text = messageOf(error)
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

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
