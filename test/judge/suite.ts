/** The steps of every test of the judge for one kind of program. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Program } from '../naive/program.ts'
import { type JudgeOptions, judge, POLICY_NAMES } from './judge.ts'
import type { Kind } from './kinds.ts'

export const LONG = 120_000

/** A data finding if and only if harm is possible, blamed on the right store, and legal bytes. */
export async function agree(program: Program, options: JudgeOptions): Promise<void> {
  const { harmful, found, unfounded, misnamed, differences } = await judge(program, options)
  expect(differences).toEqual([])
  expect(found).toEqual(harmful)
  expect(unfounded).toBe(false)
  expect(misnamed).toEqual([])
}

export function enumerate(kinds: Readonly<Record<string, Kind>>): void {
  for (const [kind, { programs, boards, numRuns }] of Object.entries(kinds)) {
    describe(`${kind}: a data finding if and only if some legal choice returns wrong bytes`, () => {
      for (const [board, traits] of Object.entries(boards)) {
        for (const policy of POLICY_NAMES) {
          it(
            `${board}, ${policy} policy`,
            async () => {
              const property = fc.asyncProperty(programs, (program) =>
                agree(program, { policy, traits }),
              )
              await fc.assert(property, { numRuns })
            },
            LONG,
          )
        }
      }
    })
  }
}
