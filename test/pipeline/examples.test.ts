/** Every example behaves as its first lines say. */
import { readdirSync, readFileSync } from 'node:fs'
import { boards, type Program, runProgram, y4mSource } from 'dmabuf/sim'
import { describe, expect, it } from 'vitest'
import { clip } from './naive-overlay.ts'

const FOLDER = new URL('../../examples/', import.meta.url)
/** Parts that examples share, and the example that is a test itself. */
const NO_PROGRAMS = ['overlay.ts', 'pipeline.test.ts']

const examples = readdirSync(FOLDER).filter(
  (name) => name.endsWith('.ts') && !NO_PROGRAMS.includes(name),
)

/** The rules in `// Expect: a, b and c.`; none for `clean`. */
function expected(name: string): string[] {
  const text = readFileSync(new URL(name, FOLDER), 'utf8')
  const said = /\/\/.*Expect: ([a-z, -]+?)(?: on every board)?[.;]/.exec(text)?.[1]
  if (said === undefined) throw new Error(`${name} does not say what to expect`)
  return said === 'clean' ? [] : said.split(/, | and /).sort()
}

async function found(name: string, board: string): Promise<string[]> {
  const { default: program } = (await import(new URL(name, FOLDER).href)) as { default: Program }
  const result = await runProgram(program, {
    board,
    source: y4mSource(clip),
    equal: (a, b) => Buffer.compare(a, b) === 0,
  })
  expect(result.error, name).toBeUndefined()
  return [...new Set(result.findings.map(({ rule }) => rule as string))].sort()
}

describe('examples', () => {
  for (const name of examples) {
    for (const board of ['pc', 'arm-soc']) {
      it(`${name} on ${board}`, async () => {
        expect(await found(name, board)).toEqual(expected(name))
      }, 20_000)
    }
  }

  it('heap-copy.ts, which needs no camera and no display, on each ready board', async () => {
    for (const board of boards.keys()) expect(await found('heap-copy.ts', board), board).toEqual([])
  }, 20_000)
})
