/**
 * The judge of the checker: an exhaustive enumeration of all that legal hardware may do. A program has
 * a data finding if and only if some legal choice makes one of its reads return wrong bytes.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyProgram, anyRawProgram, narrowProgram, type Program } from '../naive/program.ts'
import { judge, POLICY_NAMES } from './judge.ts'

const PROGRAMS = {
  'exact stores': anyProgram,
  'stores through arrays': anyRawProgram,
  'one line, one device': narrowProgram,
}
/** Of each kind, on each board and policy: 27,000 in all. */
const numRuns = 1500

const first = { start: 0, end: 1 }
const camera = { device: 'dma', buffer: 0 } as const
/** Programs that told machines apart before. */
const FOUND: readonly Program[] = [
  // Eager hardware filled a dropped line under a live array, and its bytes were taken for a store.
  [
    { op: 'raw-store', buffer: 0, cells: first },
    { op: 'map', direction: 'from-device', skip: false, ...camera },
    { op: 'load', buffer: 0, cells: first, attribute: 'cached' },
  ],
  [
    { op: 'map', direction: 'to-device', skip: false, ...camera },
    { op: 'raw-store', buffer: 0, cells: first },
    { op: 'begin', buffer: 0, access: 'read' },
    { op: 'load', buffer: 0, cells: first, attribute: 'cached' },
  ],
]

describe('a data finding if and only if some legal choice returns wrong bytes', () => {
  for (const [kind, programs] of Object.entries(PROGRAMS)) {
    for (const policy of POLICY_NAMES) {
      for (const fromDevice of ['clean', 'invalidate'] as const) {
        it(`${kind}, ${policy} policy, from-device maps ${fromDevice}`, async () => {
          await fc.assert(
            fc.asyncProperty(programs, async (program) => {
              const { harmful, found, misnamed } = await judge(program, { policy, fromDevice })
              expect(found).toEqual(harmful)
              expect(misnamed).toEqual([])
            }),
            { numRuns },
          )
        }, 120_000)
      }
    }
  }
})

describe('programs that told machines apart before', () => {
  for (const policy of POLICY_NAMES) {
    for (const fromDevice of ['clean', 'invalidate'] as const) {
      it(`${policy} policy, from-device maps ${fromDevice}`, async () => {
        for (const program of FOUND) {
          const { harmful, found } = await judge(program, { policy, fromDevice })
          expect(found).toEqual(harmful)
        }
      })
    }
  }
})
