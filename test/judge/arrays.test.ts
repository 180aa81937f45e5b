/**
 * Arrays that a program holds, several at a time, whole and partial ones, kept over anything: what they
 * show is legal after every step, and the stores through them are found in time.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fewValuesProgram, manyArraysProgram } from '../naive/generate.ts'
import { differences } from './differences.ts'
import { POLICY_NAMES, runBoth } from './judge.ts'
import { CLEANS, INVALIDATES } from './kinds.ts'
import { LONG } from './suite.ts'

const KINDS = { 'every store its own bytes': manyArraysProgram, 'equal bytes': fewValuesProgram }

for (const onLaptop of [false, true]) {
  describe(`arrays on a ${onLaptop ? 'coherent' : 'non-coherent'} board`, () => {
    for (const [kind, programs] of Object.entries(KINDS)) {
      for (const policy of onLaptop ? (['lazy'] as const) : POLICY_NAMES) {
        for (const traits of [CLEANS, INVALIDATES]) {
          it(
            `${kind}, ${policy} policy, from-device maps ${traits.fromDevice}`,
            async () => {
              const property = fc.asyncProperty(programs, async (program) => {
                const both = await runBoth(program, { policy, traits, onLaptop })
                expect(differences(both, onLaptop)).toEqual([])
              })
              await fc.assert(property, { numRuns: 300 })
            },
            LONG,
          )
        }
      }
    }
  })
}
