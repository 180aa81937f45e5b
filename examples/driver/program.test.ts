// The drivers in an ordinary test: on every board, with every cache policy, and with every failure.
import { assertClean } from 'dmabuf/check'
import { patternSource, boards as ready, runEveryFailure, runProgram } from 'dmabuf/sim'
import { expect, it } from 'vitest'
import program, { boards, drivers } from './program.ts'

const source = patternSource(160, 120)

for (const board of [...ready.values(), ...boards]) {
  for (const policy of ['lazy', 'eager', 'random'] as const) {
    it(`are right on ${board.name}, ${policy}`, async () => {
      const run = await runProgram(program, { drivers, board, policy, source })
      assertClean(run)
      expect(run.value).toBe(0)
      expect([run.notes, run.lints]).toEqual([[], []])
    })
  }
}

it('undo what they did, whatever fails', async () => {
  const { bad, outcomes } = await runEveryFailure(program, { drivers, source, most: 2 })
  expect(bad).toEqual([])
  expect(outcomes.map(({ call }) => call)).toContain('map_dma_buf')
})
