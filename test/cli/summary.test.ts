/** The last line of a report. */
import { describe, expect, it } from 'vitest'
import type { MergedFinding } from '../../src/check/report/merge.ts'
import type { RunRecord } from '../../src/cli/runs/record.ts'
import { styleFor } from '../../src/cli/terminal/style.ts'
import { conclusion } from '../../src/cli/terminal/summary.ts'

const style = styleFor({}, false)

/** A run with so many findings. */
function run(findings: number, failed = false): RunRecord {
  const failure = failed ? { kind: 'threw', message: 'the program threw' } : undefined
  return { findings: Array.from({ length: findings }, () => ({})), failure } as unknown as RunRecord
}

/** So many distinct findings. */
const distinct = (count: number) =>
  Array.from({ length: count }, () => ({})) as unknown as MergedFinding<RunRecord>[]

describe('the conclusion', () => {
  it.each([
    [[run(0), run(0)], 0, undefined, 'clean: no findings in 2 runs\n'],
    [[run(1)], 1, undefined, '1 distinct finding in 1 run\n'],
    [
      [run(1), run(1)],
      2,
      undefined,
      '2 distinct findings in 2 runs; no single run reports all of them\n',
    ],
    [
      [run(3)],
      2,
      undefined,
      '2 distinct findings in 1 run; findings of one rule at one line count once\n',
    ],
    [[run(0, true)], 0, undefined, 'failed: the program did not finish; no findings in 1 run\n'],
    [
      [run(1)],
      1,
      'interrupted by SIGINT',
      'interrupted by SIGINT: 1 distinct finding in the 1 run that had ended\n',
    ],
    [[], 0, 'interrupted by SIGINT', 'interrupted by SIGINT before any run had ended\n'],
  ] as const)('of %#', (records, count, interruption, text) => {
    expect(conclusion([...records], distinct(count), style, interruption)).toBe(text)
  })
})
