// The same function in an ordinary test: it fails, at the line, when a CPU access is forgotten.
import { runAll } from 'dmabuf/test'
import { expect, it } from 'vitest'
import pipeline from './pipeline.ts'

it('shares its buffers correctly on a PC and on an ARM board', async () => {
  const result = await runAll(pipeline)
  expect(result).toBeClean()
  expect(result.runs.map(({ frames }) => frames)).toEqual([24, 24, 24, 24, 24, 24])
}, 30_000)
