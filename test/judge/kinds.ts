/** The kinds of programs that the judge tries, and the boards that each is tried on. */
import type fc from 'fast-check'
import {
  aliasProgram,
  anyProgram,
  anyRawProgram,
  bouncedProgram,
  everything,
  iommuProgram,
  narrowProgram,
  sharedLinesProgram,
  wrongHooksProgram,
} from '../naive/generate.ts'
import type { Program } from '../naive/program.ts'
import type { Traits } from '../naive/traits.ts'

export const CLEANS: Traits = { fromDevice: 'clean', edges: 'clean-invalidate' }
export const INVALIDATES: Traits = { fromDevice: 'invalidate', edges: 'invalidate' }
const EVERY_DEVICE = ['dma', 'gpu', 'pseudo', 'coherent-pseudo'] as const

/** The same board with every mapping bounced, or those of one device that does not reach far. */
export const FORCED: Traits = { ...CLEANS, bounced: EVERY_DEVICE }
export const BY_REACH: Traits = { ...INVALIDATES, bounced: ['dma'] }
export const LAPTOP_FORCED: Traits = { ...CLEANS, coherent: true, bounced: EVERY_DEVICE }
export const STRICT: Traits = { ...CLEANS, iommu: 'strict' }
export const LAZY: Traits = { ...INVALIDATES, iommu: 'lazy' }

export interface Kind {
  readonly programs: fc.Arbitrary<Program>
  /** By the name that tests use. */
  readonly boards: Readonly<Record<string, Traits>>
  /** On each board, under each policy. */
  readonly numRuns: number
}

const both = { 'from-device maps clean': CLEANS, 'from-device maps invalidate': INVALIDATES }

export const PLAIN_KINDS: Readonly<Record<string, Kind>> = {
  'exact stores': { programs: anyProgram, boards: both, numRuns: 1500 },
  'stores through arrays': { programs: anyRawProgram, boards: both, numRuns: 1500 },
  'one line, one device': { programs: narrowProgram, boards: both, numRuns: 1500 },
}

export const BOARD_KINDS: Readonly<Record<string, Kind>> = {
  bounced: {
    programs: bouncedProgram,
    boards: { forced: FORCED, 'by reach': BY_REACH, 'coherent and forced': LAPTOP_FORCED },
    numRuns: 340,
  },
  'behind an IOMMU': {
    programs: iommuProgram,
    boards: { strict: STRICT, lazy: LAZY },
    numRuns: 500,
  },
  'shared lines': { programs: sharedLinesProgram, boards: both, numRuns: 500 },
  aliases: { programs: aliasProgram, boards: both, numRuns: 500 },
  'wrong hooks': { programs: wrongHooksProgram, boards: both, numRuns: 500 },
  everything: {
    programs: everything,
    boards: {
      plain: CLEANS,
      forced: FORCED,
      'by reach': BY_REACH,
      'coherent and forced': LAPTOP_FORCED,
      lazy: LAZY,
    },
    numRuns: 200,
  },
}
