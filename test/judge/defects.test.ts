/** The judge, judged: it must find each defect within a bounded number of programs. */
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  anyProgram,
  anyRawProgram,
  bouncedProgram,
  iommuProgram,
  narrowProgram,
} from '../naive/generate.ts'
import type { Program } from '../naive/program.ts'
import { DEFECTS, type Defect } from './defects.ts'
import { type JudgeOptions, judge } from './judge.ts'
import { CLEANS, FORCED, STRICT } from './kinds.ts'
import { LONG } from './suite.ts'

const MOST_PROGRAMS = 3000
/** The number of programs that finds every defect but the rarest. */
const NONE_IN = 1000
const SEED = 20_261

async function isAlike(program: Program, { options }: Defect): Promise<boolean> {
  const asked: JudgeOptions = { policy: 'lazy', traits: CLEANS, ...options }
  const { harmful, found, misnamed, differences } = await judge(program, asked)
  return `${harmful}` === `${found}` && misnamed.length === 0 && differences.length === 0
}

/** Whether the two machines report different results; one that breaks down does not count. */
async function isFoundWithin(numRuns: number, defect: Defect): Promise<boolean> {
  let brokeDown: unknown
  const told = fc.asyncProperty(defect.programs, (program) =>
    isAlike(program, defect).catch((error) => {
      brokeDown = error
      throw error
    }),
  )
  const { failed } = await fc.check(told, { numRuns, seed: SEED, endOnFailure: true })
  if (brokeDown !== undefined) throw brokeDown
  return failed
}

afterEach(() => {
  vi.restoreAllMocks()
})

describe('the judge finds each of these defects', () => {
  for (const defect of DEFECTS) {
    it(
      `${defect.name}`,
      async () => {
        defect.inject?.()
        expect(await isFoundWithin(MOST_PROGRAMS, defect)).toBe(true)
      },
      LONG,
    )
  }
})

describe('and nothing where there is none', () => {
  const none = {
    'exact stores': { programs: anyProgram },
    'stores through arrays': { programs: anyRawProgram },
    'one line': { programs: narrowProgram },
    bounced: { programs: bouncedProgram, options: { traits: FORCED } },
    'behind an IOMMU': { programs: iommuProgram, options: { traits: STRICT } },
  }
  for (const [name, rest] of Object.entries(none)) {
    it(
      `${name}`,
      async () => {
        expect(await isFoundWithin(NONE_IN, { name, ...rest })).toBe(false)
      },
      LONG,
    )
  }
})
