/** Machines and checkers with one defect each, for the judge to find. */
import type fc from 'fast-check'
import type { DmabufEvent, Hazard } from '../../src/events/event.ts'
import { ALL_FREEDOMS } from '../../src/machine/state-table.ts'
import {
  aliasProgram,
  anyProgram,
  bouncedProgram,
  iommuProgram,
  narrowProgram,
  sharedLinesProgram,
} from '../naive/generate.ts'
import type { Program } from '../naive/program.ts'
import { inject } from './inject.ts'
import type { JudgeOptions } from './judge.ts'
import { CLEANS, FORCED, LAPTOP_FORCED, LAZY, STRICT } from './kinds.ts'

export interface Defect {
  readonly name: string
  readonly programs: fc.Arbitrary<Program>
  readonly options?: Partial<JudgeOptions>
  /** Puts the defect in; it is taken out after the test. */
  readonly inject?: () => void
}

type OnHazard = (hazard: Hazard, event: DmabufEvent) => boolean

/** Shows the checker only the hazards that the test holds for. */
function onlyHazards(test: OnHazard): Partial<JudgeOptions> {
  const shown = (event: DmabufEvent): DmabufEvent =>
    'hazards' in event
      ? { ...event, hazards: event.hazards.filter((hazard) => test(hazard, event)) }
      : event
  return { distort: shown }
}

/** Of every hazard, whether another buffer's store is missed. */
function isOthers(): OnHazard {
  const stores = new Map<number, number>()
  return ({ lastStore }, event) => {
    if ('hazards' in event) stores.set(event.id, event.buffer)
    return 'hazards' in event && stores.get(lastStore) !== event.buffer
  }
}

const HARDWARE: readonly Defect[] = [
  {
    name: 'dirty lines are never written back',
    programs: anyProgram,
    options: { freedoms: { ...ALL_FREEDOMS, writeBack: false } },
  },
  // Never dropping clean lines changes no verdict: the other freedoms show the same bytes.
  {
    name: 'lines are never filled unasked',
    programs: narrowProgram,
    options: { freedoms: { ...ALL_FREEDOMS, fill: false } },
  },
  {
    name: 'a snooped store goes behind the cache',
    programs: anyProgram,
    inject: inject.snoopedStoresGoBehind,
  },
  {
    name: 'the bytes beside a store do not become dirty',
    programs: narrowProgram,
    inject: inject.besideStaysClean,
  },
  {
    name: 'an uncached load looks into the cache',
    programs: anyProgram,
    inject: inject.uncachedLooksIntoCache,
  },
  {
    name: 'a store of a device goes down under no name',
    programs: anyProgram,
    inject: inject.storesOfNobody,
  },
  {
    name: 'edge lines are lost though the board cleans them',
    programs: sharedLinesProgram,
    options: { builtAs: { ...CLEANS, edges: 'invalidate' } },
  },
  {
    name: 'edge lines are cleaned though the board drops them',
    programs: sharedLinesProgram,
    options: { traits: { ...CLEANS, edges: 'invalidate' }, builtAs: CLEANS },
  },
]

const CHECKER: readonly Defect[] = [
  {
    name: 'old lines are taken for current',
    programs: anyProgram,
    options: onlyHazards(({ kind }) => kind !== 'stale-line'),
  },
  {
    name: 'memory is taken for current',
    programs: anyProgram,
    options: onlyHazards(({ kind }) => kind !== 'memory-behind'),
  },
  {
    name: 'lost stores are ignored',
    programs: anyProgram,
    options: onlyHazards(({ kind }) => kind !== 'lost'),
  },
  {
    name: 'what devices read is ignored',
    programs: anyProgram,
    options: onlyHazards((_hazard, { kind }) => kind !== 'device-load'),
  },
  {
    name: 'the bytes of this run are trusted',
    programs: anyProgram,
    options: onlyHazards(({ wrongNow }) => wrongNow),
  },
  {
    name: 'what another name of the bytes stored is ignored',
    programs: aliasProgram,
    get options() {
      const others = isOthers()
      return onlyHazards((hazard, event) => !others(hazard, event))
    },
  },
  {
    name: 'what devices read from bounce copies is ignored',
    programs: bouncedProgram,
    options: {
      traits: FORCED,
      ...onlyHazards((_hazard, event) => event.kind !== 'device-load' || event.bounced !== true),
    },
  },
]

const SYNCS: readonly Defect[] = [
  {
    name: 'maintenance forgets the edge lines',
    programs: anyProgram,
    inject: inject.edgesForgotten,
  },
  { name: 'mapping cleans nothing', programs: anyProgram, inject: inject.mapsSkip },
  {
    name: 'sync for the CPU invalidates nothing',
    programs: anyProgram,
    inject: inject.noSyncForCpu,
  },
  {
    name: 'sync for the device cleans nothing',
    programs: anyProgram,
    inject: inject.noSyncForDevice,
  },
  {
    name: 'a range is synced as a whole',
    programs: anyProgram,
    inject: inject.wholeSyncs,
  },
  {
    name: 'stores through arrays are not looked for',
    programs: bouncedProgram,
    inject: inject.neverReconciles,
  },
]

const bounced = { programs: bouncedProgram, options: { traits: FORCED } }
const BOUNCING: readonly Defect[] = [
  { name: 'nothing is copied at map', ...bounced, inject: inject.noCopyAtMap },
  { name: 'nothing comes back at unmap', ...bounced, inject: inject.noCopyAtUnmap },
  {
    name: 'nothing comes back at unmap, on a coherent board',
    programs: bouncedProgram,
    options: { traits: LAPTOP_FORCED },
    inject: inject.noCopyAtUnmap,
  },
  {
    name: 'a sync for the device copies the wrong way',
    ...bounced,
    inject: inject.syncsCopyBack,
  },
  { name: 'a store leaves other homes current', ...bounced, inject: inject.otherHomesStayCurrent },
  {
    name: 'the lines of the original are maintained',
    ...bounced,
    inject: inject.originalsMaintained,
  },
  {
    name: 'a device that reaches everything is bounced',
    programs: bouncedProgram,
    options: { builtAs: FORCED },
  },
  {
    name: 'a device that does not reach memory is not bounced',
    programs: bouncedProgram,
    options: { traits: FORCED, builtAs: CLEANS },
  },
]

const IOMMU: readonly Defect[] = [
  {
    name: 'an unmapped address is reached as if nothing were',
    programs: iommuProgram,
    options: { traits: STRICT, builtAs: { ...STRICT, iommu: undefined } },
  },
  {
    name: 'a strict IOMMU puts its flush off',
    programs: iommuProgram,
    options: { traits: STRICT, builtAs: { ...STRICT, iommu: 'lazy' } },
  },
  {
    name: 'a lazy IOMMU never flushes',
    programs: iommuProgram,
    options: { traits: LAZY },
    inject: inject.timeStands,
  },
]

export const DEFECTS: readonly Defect[] = [...HARDWARE, ...CHECKER, ...SYNCS, ...BOUNCING, ...IOMMU]
