/** One mistake is one finding, whichever effect the hardware has in a run. */
import { runProgram } from 'dmabuf/sim'
import { describe, expect, it } from 'vitest'
import held from '../../examples/held-across-queueing.ts'
import second from '../../examples/second-start.ts'

const programs = [
  { name: 'a second START', program: second, rule: 'unbalanced-bracket', line: 15 },
  { name: 'an access that stays open', program: held, rule: 'bracket-over-dma', line: 13 },
] as const

describe.each(programs)('$name', ({ program, rule, line }) => {
  it.each([1, 2, 3])(
    'with seed %i',
    async (seed) => {
      const { findings } = await runProgram(program, { policy: 'random', seed })
      expect(findings.map((finding) => finding.rule)).toEqual([rule])
      expect(findings[0]?.where).toMatch(new RegExp(`\\.ts:${line}:\\d+$`))
    },
    30_000,
  )
})
