/**
 * The judge of the checker: an exhaustive enumeration of all that legal hardware may do. A program has
 * a data finding if and only if some legal choice makes one of its reads return wrong bytes.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyProgram, anyRawProgram } from '../naive/program.ts'
import { judge, POLICY_NAMES } from './judge.ts'

const PROGRAMS = { 'exact stores': anyProgram, 'stores through arrays': anyRawProgram }
/** Of each kind; thirteen kinds and more make over twenty thousand. */
const numRuns = 2000

describe('a data finding if and only if some legal choice returns wrong bytes', () => {
  for (const [kind, programs] of Object.entries(PROGRAMS)) {
    for (const policy of POLICY_NAMES) {
      for (const fromDevice of ['clean', 'invalidate'] as const) {
        it(`${kind}, ${policy} policy, from-device maps ${fromDevice}`, async () => {
          await fc.assert(
            fc.asyncProperty(programs, async (program) => {
              const { harmful, found } = await judge(program, { policy, fromDevice })
              expect(found).toEqual(harmful)
            }),
            { numRuns },
          )
        }, 120_000)
      }
    }
  }
})
