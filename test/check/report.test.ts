import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { mergeReports, type RunReport, reportJson, verdictOf } from '../../src/check/index.ts'
import { cases } from './cases/index.ts'
import { Story } from './story.ts'

interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly oneOf?: readonly Schema[]
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly minimum?: number
  readonly $defs?: Readonly<Record<string, Schema>>
}

const schema: Schema = JSON.parse(
  readFileSync(new URL('../../schema/report-v1.json', import.meta.url), 'utf8'),
)

function typeOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return Number.isInteger(value) ? 'integer' : typeof value
}

/** What in `value` the schema does not allow, or does not know. */
function problems(value: unknown, rule: Schema, at = '$'): string[] {
  if (rule.$ref !== undefined) {
    return problems(value, schema.$defs?.[rule.$ref.replace('#/$defs/', '')] ?? {}, at)
  }
  if (rule.oneOf !== undefined) {
    const fits = rule.oneOf.filter((one) => problems(value, one, at).length === 0)
    return fits.length === 1 ? [] : [`${at}: fits ${fits.length} of the alternatives`]
  }
  const type = typeOf(value)
  const allowed = rule.type === undefined ? [type] : [rule.type].flat()
  const found = allowed.includes(type) ? [] : [`${at}: is ${type}`]
  if (rule.const !== undefined && value !== rule.const) found.push(`${at}: is ${value}`)
  if (rule.enum !== undefined && !rule.enum.includes(value)) found.push(`${at}: is ${value}`)
  if (typeof value === 'number' && value < (rule.minimum ?? value)) found.push(`${at}: too small`)
  if (Array.isArray(value)) {
    return [...found, ...value.flatMap((v, i) => problems(v, rule.items ?? {}, `${at}[${i}]`))]
  }
  if (type !== 'object' || rule.properties === undefined) return found
  const entries = Object.entries(value as object)
  const names = entries.map(([name]) => name)
  const missing = (rule.required ?? []).filter((name) => !names.includes(name))
  return [
    ...found,
    ...missing.map((name) => `${at}: lacks ${name}`),
    ...entries.flatMap(([name, inner]) => {
      const known = rule.properties?.[name]
      return known === undefined
        ? [`${at}: ${name} is unknown`]
        : problems(inner, known, `${at}.${name}`)
    }),
  ]
}

function run(body: (story: Story) => void): RunReport {
  const story = new Story()
  body(story)
  const result = story.check()
  return {
    board: 'pc',
    judgedAs: 'arm-soc',
    policy: 'lazy',
    seed: 1,
    verdict: verdictOf(result),
    ...result,
    cost: { cleaned: 4096, syncs: 2 },
    frames: 0,
    rulesNotCheckable: [],
  }
}

const locate = ({ stack }: { stack?: string | undefined }) => {
  const line = /\d+/.exec(stack ?? '')?.[0]
  return line === undefined ? undefined : { file: 'program.ts', line: Number(line) }
}

describe('a report', () => {
  it('is clean where every run is', () => {
    const clean = run(() => {})
    const dirty = run((story) => cases[0]?.bad(story))
    expect(mergeReports('program.ts', [clean, clean]).verdict).toBe('clean')
    expect(mergeReports('program.ts', [clean, dirty]).verdict).toBe('findings')
  })

  it('is what its schema says, for every rule', () => {
    const runs = cases.flatMap(({ bad, good }) => [run(bad), run(good)])
    const json = JSON.parse(JSON.stringify(reportJson(mergeReports('program.ts', runs), locate)))
    expect(problems(json, schema)).toEqual([])
    expect(problems({ ...json, version: 2, more: 1 }, schema)).toHaveLength(2)
  })

  it('names the file and the line', () => {
    const [first] =
      reportJson(mergeReports('program.ts', [run((story) => cases[0]?.bad(story))]), locate).runs[0]
        ?.findings ?? []
    expect(first).toMatchObject({ rule: 'read-outside-bracket', file: 'program.ts', line: 5 })
  })
})
