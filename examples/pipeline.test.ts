// The same function in an ordinary test: it fails when somebody forgets a bracket.
import { runProgram } from 'dmabuf/sim'
import { expect, it } from 'vitest'
import pipeline from './pipeline.ts'

for (const board of ['pc', 'arm-soc']) {
  it(`shares its buffers correctly on ${board}`, async () => {
    const run = await runProgram(pipeline, { board, policy: 'random', seed: 7 })
    expect(run.findings).toEqual([])
    expect(run.verdict).toBe('clean')
    expect(run.frames).toBe(24)
  })
}
