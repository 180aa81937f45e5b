/** Every mistake of the guide's table is named, by its rule alone, in the driver's own file. */
import { type PolicyName, patternSource, boards as ready, runProgram } from 'dmabuf/sim'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { gateway } from '../../examples/driver/gateway.ts'
import { type Edited, withMistake } from './edited.ts'
import { deviceMistakes, exporterMistakes, importerMistakes, type Mistake } from './mistakes.ts'

const source = patternSource(160, 120)
const boards = [...ready.values(), gateway]

/** The verdict does not depend on the policy: one board stands for all. */
function policiesOn(board: string): readonly PolicyName[] {
  return board === 'rpi4' ? ['lazy', 'eager', 'random'] : ['lazy']
}

/** `rule at file: line`, as claimed for a board. */
function claims({ named }: Mistake, board: string): string[] {
  return named
    .filter(({ on }) => on === undefined || on.includes(board))
    .flatMap(({ rule, at }) => at.map(([file, line]) => `${rule} at ${file}: ${line}`))
    .sort()
}

describe.each([...exporterMistakes, ...importerMistakes, ...deviceMistakes])('$what', (mistake) => {
  let edited: Edited
  beforeAll(async () => {
    edited = await withMistake(mistake)
  })
  afterAll(() => edited.remove())

  it.each(boards)('on $name', async (board) => {
    for (const policy of policiesOn(board.name)) {
      const { findings } = await runProgram(edited.program, {
        board,
        policy,
        source,
        drivers: edited.drivers,
        prepare: (kernel) => {
          if (mistake.fails !== undefined) kernel.fail(...mistake.fails)
        },
      })
      const found = findings.map((one) => `${one.rule} at ${edited.lineOf(one)}`)
      expect([...new Set(found)].sort()).toEqual(claims(mistake, board.name))
    }
  })
})
