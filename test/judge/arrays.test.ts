/**
 * Arrays that a program holds, several at a time, whole and partial ones, kept over anything: their
 * bytes are legal after every step, and the stores through them are found in time.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fewValuesProgram, manyArraysProgram } from '../naive/generate.ts'
import type { Program } from '../naive/program.ts'
import { differences } from './differences.ts'
import { POLICY_NAMES, runBoth } from './judge.ts'
import { CLEANS, INVALIDATES } from './kinds.ts'
import { LONG } from './suite.ts'

const FIRST = { start: 0, end: 1 }
const ALL = { start: 0, end: 12 }
const KINDS = { 'every store its own bytes': manyArraysProgram, 'equal bytes': fewValuesProgram }

/** A store through the array repeats the bytes of its stale line; the next array drops that line. */
const REPEATS_STALE_BYTES: Program = {
  buffers: [{ page: 0, start: 0, end: 12, hooks: 'right' }],
  ops: [
    { op: 'map', device: 'dma', buffer: 0, direction: 'bidirectional', skip: false },
    { op: 'store', buffer: 0, cells: FIRST, attribute: 'cached' },
    { op: 'take', slot: 0, scope: 'bracket', writeOnly: false, buffer: 0, cells: ALL },
    { op: 'map', device: 'dma', buffer: 0, direction: 'to-device', skip: false },
    { op: 'device-load', device: 'dma', buffer: 0, cells: FIRST },
    { op: 'device-load', device: 'dma', buffer: 0, cells: FIRST },
    { op: 'device-store', device: 'dma', buffer: 0, cells: FIRST },
    { op: 'slot-store', slot: 0, cells: FIRST },
    { op: 'take', slot: 0, scope: 'bracket', writeOnly: true, buffer: 0, cells: ALL },
    { op: 'load', buffer: 0, cells: FIRST, attribute: 'cached' },
  ],
  values: 6,
}

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
              await fc.assert(property, { numRuns: 300, examples: [[REPEATS_STALE_BYTES]] })
            },
            LONG,
          )
        }
      }
    }
  })
}
