/** Every fix that a finding prints, applied: the mended program runs clean where the first one did not. */
import { describe, expect, it } from 'vitest'
import { type FixCase, judge } from './fix-case.ts'
import { programCases } from './program-cases.ts'

const TIMEOUT = 30_000

function distinct(names: readonly string[]): string[] {
  return [...new Set(names)].sort()
}

async function check(one: FixCase): Promise<void> {
  const { rule, fix, also = [] } = one
  const flagged = await judge(one, false)
  const isIts = flagged.remarks.filter((remark) => remark.rule === rule)
  expect(distinct(flagged.remarks.map((remark) => remark.rule))).toEqual(distinct([rule, ...also]))
  for (const remark of isIts) expect(remark.fix).toContain(fix)
  expect(await judge(one, true)).toEqual({ remarks: [], error: undefined })
}

describe('a program that follows the fix is clean', () => {
  it.each(programCases)('$rule: $what', (one) => check(one), TIMEOUT)
})
