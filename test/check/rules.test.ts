import { describe, expect, it } from 'vitest'
import { explain, type Finding, ruleIds, ruleTable } from '../../src/check/index.ts'
import { type Case, cases } from './cases/index.ts'
import { Story } from './story.ts'

function findings(write: Case['bad']): readonly Finding[] {
  const story = new Story()
  write(story)
  return story.check().findings
}

describe('every rule flags its program, and not the twin', () => {
  for (const { rule, what, bad, good, line, data = false, others = [] } of cases) {
    it(`${rule}: ${what}`, () => {
      const found = findings(bad)
      const mine = found.find((finding) => finding.rule === rule)
      expect(found.map((finding) => finding.rule)).toContain(rule)
      expect(found.map((f) => f.rule).filter((id) => id !== rule && !others.includes(id))).toEqual(
        [],
      )
      expect(mine?.data).toBe(data)
      if (line !== undefined) expect(mine?.origin?.stack).toBe(`line ${line}`)
      expect(findings(good).filter((f) => !others.includes(f.rule))).toEqual([])
    })
  }
})

describe('what a finding says', () => {
  const all = cases.flatMap(({ bad }) => findings(bad))

  it('is one sentence, with a cause, what hardware does, and a fix', () => {
    for (const { message, because, hardware, fix } of all) {
      expect(message).toMatch(/^[^.]*(\.[a-z%][^.]*)*\.$/i)
      expect(message).not.toMatch(/undefined|NaN|\[object/)
      expect(because.text).toMatch(/\.$/)
      expect(hardware.length).toBeGreaterThan(20)
      expect(fix.length).toBeGreaterThan(20)
    }
  })

  it('is hidden only where bytes may be wrong and are not', () => {
    for (const { data, wrongNow, hidden } of all) expect(hidden).toBe(data && !wrongNow)
  })

  it('has a case for each rule that is not a lint', () => {
    const covered = new Set(cases.map(({ rule }) => rule))
    const wanted = ruleTable.filter(({ severity }) => severity !== 'lint').map(({ id }) => id)
    expect([...covered].sort()).toEqual([...wanted].sort())
  })
})

describe('the table', () => {
  it('explains each rule by name and by group', () => {
    for (const id of ruleIds) expect(explain(id)).toContain(`${id} (`)
    expect(explain('c7')).toContain('dirty-over-dma')
    expect(explain('no-such-rule')).toBeUndefined()
  })
})
