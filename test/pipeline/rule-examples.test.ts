/** The programs of examples/rules: each breaks the rule that it is named for, and its twin breaks none. */
import { readdirSync } from 'node:fs'
import { type Program, patternSource, type RunOptions } from 'dmabuf/sim'
import { runAll } from 'dmabuf/test'
import { expect, it } from 'vitest'

const FOLDER = new URL('../../examples/rules/', import.meta.url)
const rules = readdirSync(FOLDER)
  .filter((name) => !name.endsWith('.fixed.ts'))
  .map((name) => name.replace(/\.ts$/, ''))

interface Example extends Pick<RunOptions, 'drivers'> {
  readonly default: Program
}

/** May sleep. The rules of all findings and hints, each once. */
async function reported(name: string): Promise<string[]> {
  const { default: program, drivers }: Example = await import(new URL(name, FOLDER).href)
  const source = patternSource(640, 360)
  const { findings, lints, error } = await runAll(program, { source, drivers })
  expect(error).toBeUndefined()
  return [...new Set([...findings, ...lints].map(({ rule }) => rule as string))]
}

it.each(rules)(
  '%s',
  async (rule) => {
    expect(await reported(`${rule}.ts`)).toEqual([rule])
    expect(await reported(`${rule}.fixed.ts`)).toEqual([])
  },
  60_000,
)
