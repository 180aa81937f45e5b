/**
 * The judge of the checker: an exhaustive enumeration of all that legal hardware may do. A program has
 * a data finding if and only if some legal choice makes one of its reads return wrong bytes, and every
 * byte that the fast machine returns is one that some legal choice returns.
 */
import fc from 'fast-check'
import { describe, it } from 'vitest'
import {
  aliasProgram,
  anyProgram,
  anyRawProgram,
  sharedLinesProgram,
  wrongHooksProgram,
} from '../naive/generate.ts'
import { FOUND } from './found.ts'
import { POLICY_NAMES } from './judge.ts'
import { CLEANS, INVALIDATES, PLAIN_KINDS } from './kinds.ts'
import { agree, enumerate, LONG } from './suite.ts'

const HIDDEN = {
  'exact stores': anyProgram,
  'stores through arrays': anyRawProgram,
  'shared lines': sharedLinesProgram,
  aliases: aliasProgram,
  'wrong hooks': wrongHooksProgram,
}

enumerate(PLAIN_KINDS)

describe('the same findings on a coherent board, where every one of them is hidden', () => {
  for (const [kind, programs] of Object.entries(HIDDEN)) {
    for (const traits of [CLEANS, INVALIDATES]) {
      it(
        `${kind}, from-device maps ${traits.fromDevice}`,
        async () => {
          const property = fc.asyncProperty(programs, (program) =>
            agree(program, { policy: 'lazy', traits, onLaptop: true }),
          )
          await fc.assert(property, { numRuns: 300 })
        },
        LONG,
      )
    }
  }
})

describe('programs that told machines apart before', () => {
  for (const { what, boards, program } of FOUND) {
    it(`${what}`, async () => {
      for (const traits of boards) {
        for (const policy of POLICY_NAMES) await agree(program, { policy, traits })
      }
    })
  }
})
