import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { explain, type Finding, ruleIds, ruleTable } from '../../src/check/index.ts'
import { rules } from '../../src/check/rules/index.ts'
import { supersedingRules } from '../../src/check/rules/lookup.ts'
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
  const folder = join(import.meta.dirname, '../../src/check')
  const filesIn = (name: string): string[] =>
    readdirSync(join(folder, name)).map((file) => readFileSync(join(folder, name, file), 'utf8'))

  it('has each rule in the file of its name, and all of them', () => {
    const files = readdirSync(join(folder, 'rules')).map((file) => file.replace('.ts', ''))
    const others = ['all', 'index', 'lookup', 'rule']
    expect(files.filter((file) => !others.includes(file)).sort()).toEqual([...ruleIds].sort())
  })

  it('has a detector for each rule', () => {
    const shared = [...filesIn('detectors'), ...filesIn('hazards')].join('\n')
    const without = rules.filter(({ id, detect }) => !detect && !shared.includes(`'${id}'`))
    expect(without.map(({ id }) => id)).toEqual([])
  })

  it('has only known rules superseded, and none by itself in any number of steps', () => {
    const known: readonly string[] = ruleIds
    const below = (id: string): string[] => {
      const direct = rules.find((rule) => rule.id === id)?.supersedes?.map(({ rule }) => rule) ?? []
      return [...direct, ...direct.flatMap(below)]
    }
    for (const id of ruleIds) {
      expect(below(id).filter((rule) => !known.includes(rule))).toEqual([])
      expect(below(id)).not.toContain(id)
    }
    const order: string[] = supersedingRules.map(({ id }) => id)
    for (const id of order) {
      const later = below(id).filter((rule) => order.includes(rule))
      for (const rule of later) expect(order.indexOf(rule)).toBeGreaterThan(order.indexOf(id))
    }
  })

  it('explains each rule by name and by group', () => {
    for (const id of ruleIds) expect(explain(id)).toContain(`${id} (`)
    expect(explain('c7')).toContain('dirty-over-dma')
    expect(explain('no-such-rule')).toBeUndefined()
  })
})
