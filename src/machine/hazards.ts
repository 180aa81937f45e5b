/** What a read of a range may get wrong, from the sets of states of its bytes. */
import type { Hazard } from '../events/event.ts'
import type { Interval } from './line-map.ts'
import {
  isCacheViewCurrent,
  isMemoryCurrent,
  LOST,
  STALE_IN_MEMORY,
  STALE_THROUGH_CACHE,
} from './line-state.ts'
import type { Storage } from './storage.ts'

export type Through = 'cache' | 'memory'

/** A read that this run's states and the possible ones are asked about separately. */
export interface ReadPaths {
  /** `undefined` where this run's board is coherent: no read can go wrong. */
  readonly actual: Through | undefined
  readonly judged: Through
}

/** Beyond this many, neighbours are joined: a finding names a place, not a bit map. */
const MOST_HAZARDS = 64

interface OpenHazard {
  start: number
  end: number
  kind: Hazard['kind']
  lastStore: number
  wrongNow: boolean
}

export function hazardsOf(
  storage: Storage,
  start: number,
  end: number,
  paths: ReadPaths,
): Hazard[] {
  const found: OpenHazard[] = []
  const stale = paths.judged === 'cache' ? STALE_THROUGH_CACHE : STALE_IN_MEMORY
  storage.lines.each(start, end, (interval) => {
    if ((interval.possible & stale) === 0) return
    const kind = kindOf(interval.possible & stale, paths.judged)
    const wrongNow = isWrongNow(storage, interval, paths.actual)
    const last = found.at(-1)
    if (last !== undefined && (sameHazard(last, kind, interval) || found.length >= MOST_HAZARDS)) {
      last.end = interval.end
      last.wrongNow ||= wrongNow
      return
    }
    found.push({
      start: interval.start,
      end: interval.end,
      kind,
      lastStore: interval.writer,
      wrongNow,
    })
  })
  return found.map(({ start: from, end: to, ...rest }) => ({
    range: { start: from, end: to },
    ...rest,
  }))
}

function sameHazard(last: OpenHazard, kind: Hazard['kind'], interval: Interval): boolean {
  return last.end === interval.start && last.kind === kind && last.lastStore === interval.writer
}

function kindOf(wrong: number, through: Through): Hazard['kind'] {
  if ((wrong & LOST) !== 0) return 'lost'
  return through === 'cache' ? 'stale-line' : 'memory-behind'
}

function isWrongNow(storage: Storage, interval: Interval, through: Through | undefined): boolean {
  if (through === undefined) return false
  const { actual } = interval
  const right = through === 'cache' ? isCacheViewCurrent(actual) : isMemoryCurrent(actual)
  if (right) return false
  const elsewhere = through === 'cache' ? isMemoryCurrent(actual) : isCacheViewCurrent(actual)
  return !elsewhere || copiesDiffer(storage, interval)
}

/** An old copy may by luck hold the same bytes as the current one. */
function copiesDiffer(storage: Storage, { start, end }: Interval): boolean {
  for (let i = start; i < end; i++) if (storage.memory[i] !== storage.cached[i]) return true
  return false
}
