import { runAll } from 'dmabuf/test'
import { expect, it } from 'vitest'
import pipeline from './pipeline.ts'

it('shares its buffers correctly on a PC and on an ARM board', async () => {
  const result = await runAll(pipeline)
  expect(result).toBeClean()
  expect(result.runs.map(({ frames }) => frames)).toEqual(result.runs.map(() => 30))
}, 60_000)
