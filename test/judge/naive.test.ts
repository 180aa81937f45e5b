/** The one thing in which the naive machine is clever: lines move by themselves at a touch, not before. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CellRead } from '../naive/buffers.ts'
import type { Moves } from '../naive/lines.ts'
import { NaiveMachine } from '../naive/machine.ts'
import type { Program } from '../naive/program.ts'
import type { Traits } from '../naive/traits.ts'
import { BOARD_KINDS, PLAIN_KINDS } from './kinds.ts'
import { LONG } from './suite.ts'

/** Sets of lines that move at once grow too large for longer ones, and where copies join many lines. */
const MOST_OPS = 4
const { everything: _, ...kinds } = { ...PLAIN_KINDS, ...BOARD_KINDS }

function told(traits: Traits, program: Program, moves: Moves): unknown[] {
  const { reads } = new NaiveMachine(traits, program, moves)
  return reads.map((read: CellRead) => ({ ...read, possible: [...read.possible].sort() }))
}

describe('what lines do by themselves comes early enough at a touch', () => {
  for (const [kind, { programs, boards }] of Object.entries(kinds)) {
    it(
      `${kind}`,
      () => {
        for (const traits of Object.values(boards)) {
          const property = fc.property(programs, (whole) => {
            const program = { ...whole, ops: whole.ops.slice(0, MOST_OPS) }
            expect(told(traits, program, 'at a touch')).toEqual(told(traits, program, 'at once'))
          })
          fc.assert(property, { numRuns: 40 })
        }
      },
      LONG,
    )
  }
})
