import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import {
  type Failure,
  mergeFindings,
  overallVerdict,
  reportJson,
  verdictOf,
} from '../../src/check/index.ts'
import { cases } from './cases/index.ts'
import type { Story } from './story.ts'
import { storyRun as run } from './story-run.ts'

/** The schema without room for properties that it does not describe. */
function closed(rule: unknown): unknown {
  if (Array.isArray(rule)) return rule.map(closed)
  if (typeof rule !== 'object' || rule === null) return rule
  const inner = Object.fromEntries(Object.entries(rule).map(([key, one]) => [key, closed(one)]))
  const isObject = 'properties' in rule && 'required' in rule && rule.required !== undefined
  return isObject && !isPart(rule) ? { ...inner, unevaluatedProperties: false } : inner
}

/** `place` is the base of other objects, which have more properties. */
function isPart(rule: object): boolean {
  return 'required' in rule && String(rule.required) === 'file,line,column'
}

const schema: object = JSON.parse(
  readFileSync(new URL('../../schema/report-v1.json', import.meta.url), 'utf8'),
)
const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(
  closed(schema) as object,
)

function problems(value: unknown): string[] {
  validate(value)
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
}

const bad = (story: Story): void => cases[0]?.bad(story)
const threw: Failure = { kind: 'threw', message: 'the program threw: no camera' }

describe('the verdict', () => {
  it('of a run goes by its findings, unless a failure that no finding explains outranks them', () => {
    expect(verdictOf(run(() => {}))).toBe('clean')
    expect(verdictOf(run(bad))).toBe('findings')
    expect(verdictOf(run(() => {}, { error: threw }))).toBe('failed')
    expect(verdictOf(run(bad, { error: threw }))).toBe('failed')
    expect(verdictOf(run(bad, { error: { ...threw, explained: true } }))).toBe('findings')
  })

  it('of several runs is that of the worst', () => {
    expect(overallVerdict(['clean', 'clean'])).toBe('clean')
    expect(overallVerdict(['clean', 'findings'])).toBe('findings')
    expect(overallVerdict(['failed', 'findings', 'clean'])).toBe('failed')
  })
})

describe('the report for other programs', () => {
  it('is valid against its schema, for every rule and for a failed run', () => {
    const runs = cases.flatMap(({ bad, good }) => [run(bad), run(good)])
    const failed = run(bad, { error: threw, kernel: { release: '6.12.1', memory: 'copy' } })
    const json = JSON.parse(JSON.stringify(reportJson('program.ts', [...runs, failed])))
    expect(problems(json)).toEqual([])
    expect(problems({ ...json, version: 2, more: 1 })).toHaveLength(2)
  })

  it('names the file as asked, the line and the column', () => {
    const json = reportJson('program.ts', [run(bad)], (path) => path.replace('/app/', ''))
    const [first] = json.runs[0]?.findings ?? []
    const rule = 'read-outside-bracket'
    expect(first).toMatchObject({ rule, file: 'program.ts', line: 5, column: 1 })
    expect(reportJson('program.ts', [run(bad)]).runs[0]?.findings[0]?.file).toBe('/app/program.ts')
  })
})

describe('merging the findings of several runs', () => {
  it('counts one mistake once, with the runs that saw it', () => {
    const runs = [run(bad, { board: 'pc' }), run(() => {}), run(bad, { board: 'arm-soc' })]
    const merged = mergeFindings(runs)
    expect(merged.map(({ finding }) => finding.rule)).toEqual(['read-outside-bracket'])
    expect(merged[0]?.seen.map(({ board }) => board)).toEqual(['pc', 'arm-soc'])
  })
})
