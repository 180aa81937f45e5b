/**
 * The judge, judged: machines and checkers with one defect each, every one of which it must find within
 * a bounded number of programs.
 */
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { DmaLayer } from '../../src/dma/dma-layer.ts'
import type { DmabufEvent, Hazard } from '../../src/events/event.ts'
import { CPU_STORE } from '../../src/machine/line-op.ts'
import { SET_CODES } from '../../src/machine/line-state.ts'
import { Memory } from '../../src/machine/memory.ts'
import { ALL_FREEDOMS, StateTables } from '../../src/machine/state-table.ts'
import {
  anyProgram,
  anyRawProgram,
  LINE_SIZE,
  narrowProgram,
  type Program,
} from '../naive/program.ts'
import { type JudgeOptions, judge } from './judge.ts'

interface Defect {
  readonly name: string
  readonly options?: Partial<JudgeOptions>
  readonly programs?: fc.Arbitrary<Program>
  /** Puts the defect in; it is taken out after the test. */
  readonly inject?: () => void
}

/** Shows the checker only the hazards that the test holds for. */
function onlyHazards(test: (hazard: Hazard, event: DmabufEvent) => boolean): Partial<JudgeOptions> {
  return {
    distort: (event) =>
      'hazards' in event
        ? { ...event, hazards: event.hazards.filter((hazard) => test(hazard, event)) }
        : event,
  }
}

const wholeLines = (at: number): number => Math.ceil(at / LINE_SIZE) * LINE_SIZE

const defects: readonly Defect[] = [
  {
    name: 'dirty lines are never written back',
    options: { freedoms: { ...ALL_FREEDOMS, writeBack: false } },
  },
  // Never dropping clean lines is no defect that a verdict shows: what is left shows what memory does.
  {
    name: 'lines are never filled unasked',
    programs: narrowProgram,
    options: { freedoms: { ...ALL_FREEDOMS, fill: false } },
  },
  {
    name: 'old lines are taken for current',
    options: onlyHazards(({ kind }) => kind !== 'stale-line'),
  },
  {
    name: 'memory is taken for current',
    options: onlyHazards(({ kind }) => kind !== 'memory-behind'),
  },
  { name: 'the checker ignores lost stores', options: onlyHazards(({ kind }) => kind !== 'lost') },
  {
    name: 'the checker ignores what devices read',
    options: onlyHazards((_hazard, { kind }) => kind !== 'device-load'),
  },
  {
    name: 'the checker trusts the bytes of this run',
    options: onlyHazards(({ wrongNow }) => wrongNow),
  },
  {
    name: 'maintenance forgets the edge lines',
    inject: () => {
      const maintain = Memory.prototype.maintain
      vi.spyOn(Memory.prototype, 'maintain').mockImplementation(function (
        this: Memory,
        storage,
        start,
        end,
        ops,
      ) {
        maintain.call(this, storage, wholeLines(start), end - (end % LINE_SIZE), ops)
      })
    },
  },
  {
    name: 'mapping cleans nothing',
    inject: () => {
      const map = DmaLayer.prototype.map
      vi.spyOn(DmaLayer.prototype, 'map').mockImplementation(function (this: DmaLayer, request) {
        return map.call(this, { ...request, skipCpuSync: true })
      })
    },
  },
  {
    name: 'sync for the CPU invalidates nothing',
    inject: () => {
      vi.spyOn(DmaLayer.prototype, 'syncForCpu').mockImplementation(() => {})
    },
  },
  {
    name: 'sync for the device cleans nothing',
    inject: () => {
      vi.spyOn(DmaLayer.prototype, 'syncForDevice').mockImplementation(() => {})
    },
  },
  {
    name: 'a snooped store goes behind the cache',
    inject: () => {
      const store = Memory.prototype.deviceStore
      vi.spyOn(Memory.prototype, 'deviceStore').mockImplementation(function (
        this: Memory,
        storage,
        start,
        source,
        _snoops,
        writer,
      ) {
        store.call(this, storage, start, source, { actual: false, judged: false }, writer)
      })
    },
  },
  {
    name: 'the bytes beside a store do not become dirty',
    programs: narrowProgram,
    inject: () => {
      const of = StateTables.prototype.of
      const same = Uint16Array.from({ length: SET_CODES }, (_, set) => set)
      vi.spyOn(StateTables.prototype, 'of').mockImplementation(function (this: StateTables, op) {
        const table = of.call(this, op)
        return op === CPU_STORE ? { ...table, beside: same } : table
      })
    },
  },
  {
    name: 'an uncached load looks into the cache',
    inject: () => {
      const hazards = Memory.prototype.cpuHazards
      vi.spyOn(Memory.prototype, 'cpuHazards').mockImplementation(function (
        this: Memory,
        storage,
        start,
        end,
      ) {
        return hazards.call(this, storage, start, end, 'cached')
      })
    },
  },
  {
    name: 'a store of a device goes down under no name',
    inject: () => {
      const store = Memory.prototype.deviceStore
      vi.spyOn(Memory.prototype, 'deviceStore').mockImplementation(function (
        this: Memory,
        storage,
        start,
        source,
        snoops,
      ) {
        store.call(this, storage, start, source, snoops, 1)
      })
    },
  },
  {
    name: 'stores through arrays are not looked for',
    programs: anyRawProgram,
    inject: () => {
      vi.spyOn(Memory.prototype, 'reconcile').mockImplementation(() => {})
    },
  },
]

const MOST_PROGRAMS = 3000
const SEED = 20_261

async function failsWithin(numRuns: number, defect: Defect): Promise<boolean> {
  const property = fc.asyncProperty(defect.programs ?? anyProgram, async (program) => {
    const { harmful, found, misnamed } = await judge(program, {
      policy: 'lazy',
      fromDevice: 'clean',
      ...defect.options,
    })
    expect(found).toEqual(harmful)
    expect(misnamed).toEqual([])
  })
  const { failed } = await fc.check(property, { numRuns, seed: SEED, endOnFailure: true })
  return failed
}

afterEach(() => {
  vi.restoreAllMocks()
})

describe('the judge finds each of these defects', () => {
  for (const defect of defects) {
    it(`${defect.name}`, async () => {
      defect.inject?.()
      expect(await failsWithin(MOST_PROGRAMS, defect)).toBe(true)
    }, 60_000)
  }

  it('and nothing, in as many programs, where there is none', async () => {
    expect(await failsWithin(MOST_PROGRAMS, { name: 'none' })).toBe(false)
    for (const programs of [anyRawProgram, narrowProgram]) {
      expect(await failsWithin(MOST_PROGRAMS, { name: 'none', programs })).toBe(false)
    }
  }, 60_000)
})
