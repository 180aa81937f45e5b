import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { policyNames, USUAL_BOARDS } from '../../src/run/plan.ts'
import { codeBlocks } from './document.ts'

const read = (path: string): string =>
  readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

const unindented = (text: string): string => text.replace(/^ +/gm, '')

it('docs/testing.md shows the test that is among the examples', () => {
  const example = read('examples/pipeline.test.ts')
  const blocks = codeBlocks(read('docs/testing.md'))
  expect(blocks).toHaveLength(2)
  for (const block of blocks) expect(unindented(example)).toContain(unindented(block))
})

it('docs/testing.md gives the defaults of runAll', () => {
  const list = (names: readonly string[]): string =>
    `[${names.map((one) => `'${one}'`).join(', ')}]`
  const text = read('docs/testing.md').replace(/ +/g, ' ')
  expect(text).toContain(`| \`boards\` | \`${list(USUAL_BOARDS)}\` |`)
  expect(text).toContain(`| \`policies\` | \`${list(policyNames)}\` |`)
})
