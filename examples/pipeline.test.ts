// The same programs in an ordinary test, which fails at the line of the mistake.
import { runAll } from 'dmabuf/test'
import { expect, it } from 'vitest'
import noBracket from './no-bracket.ts'
import pipeline from './pipeline.ts'

it('shares its buffers correctly on a PC and on an ARM board', async () => {
  const result = await runAll(pipeline)
  expect(result).toBeClean()
  expect(result.runs.map(({ frames }) => frames)).toEqual([24, 24, 24, 24, 24, 24])
}, 30_000)

it('draws outside a CPU access, which a PC hides', async () => {
  const result = await runAll(noBracket, { policies: ['lazy'] })
  expect(result).toFind('write-outside-bracket', { file: 'no-bracket.ts', line: 13 })
  expect(result.findings[0]?.hiddenOn.map(({ board }) => board)).toEqual(['pc'])
}, 30_000)
