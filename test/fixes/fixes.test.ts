/** Every fix that a finding prints, applied: the fixed program runs clean where the first one did not. */
import { ruleIds } from 'dmabuf/check'
import { describe, expect, it } from 'vitest'
import { accessCases } from './access-cases.ts'
import { bufferCases } from './buffer-cases.ts'
import { dmaCases } from './dma-cases.ts'
import { faultCases } from './fault-cases.ts'
import { type FixCase, judge } from './fix-case.ts'
import { fixTexts } from './fix-texts.ts'
import { programCases } from './program-cases.ts'

const cases: readonly FixCase[] = [
  ...programCases,
  ...accessCases,
  ...dmaCases,
  ...bufferCases,
  ...faultCases,
]

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
  it.each(cases)('$rule: $what', (one) => check(one), TIMEOUT)
})

/** Fixes that no program here shows, and why. */
const UNPROVED: readonly (readonly [fix: string, why: string])[] = [
  [
    'Keep address, length, direction and entry count of each mapping together',
    'of the rule as `explain` prints it: each finding has a closer one',
  ],
  ['Attach and map the device before the CPU access (import the buffer first)', 'likewise'],
  ['Undo each step in reverse order where the driver releases', 'likewise'],
  ['Let each reference have one owner', 'likewise'],
  ['Pass the count that dma_map_sg was given', 'no sync of dmabuf/driver takes a count'],
  ['Update dmabuf to the version that recorded the events', 'needs a trace of a later version'],
]

describe('the fixes of the checker', () => {
  const texts = fixTexts()
  const proved = (words: string): string[] =>
    texts.filter((text) => text.some((piece) => piece.includes(words))).map((text) => text.join())

  it('are each proved by a program, or have a reason why not', () => {
    const words = [...cases.map(({ fix }) => fix), ...UNPROVED.map(([fix]) => fix)]
    const known = new Set(words.flatMap(proved))
    expect(texts.map((text) => text.join()).filter((text) => !known.has(text))).toEqual([])
  })

  it.each([...cases.map(({ fix }) => fix), ...UNPROVED.map(([fix]) => fix)])(
    'are told apart by the words: %s',
    (words) => {
      expect(proved(words)).toHaveLength(1)
    },
  )

  it('belong to rules that have each one that is proved', () => {
    const covered = new Set(cases.map(({ rule }) => rule))
    expect(ruleIds.filter((id) => !covered.has(id))).toEqual([])
  })
})
