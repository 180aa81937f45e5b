/** What a read of a range may get wrong, from the sets of states of its bytes. */
import type { Hazard } from '../events/event.ts'
import type { Interval } from './line-map.ts'
import {
  isCacheViewCurrent,
  isMemoryCurrent,
  type LineState,
  LOST,
  presenceOf,
  STALE_IN_MEMORY,
  STALE_THROUGH_CACHE,
} from './line-state.ts'
import type { OtherHome } from './mirror.ts'
import type { Storage } from './storage.ts'

export type Through = 'cache' | 'memory'

/** A read that this run's states and the possible ones are asked about separately. */
export interface ReadPaths {
  readonly actual: Through
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

function isWrongNow(storage: Storage, interval: Interval, through: Through): boolean {
  const { actual } = interval
  const right = through === 'cache' ? isCacheViewCurrent(actual) : isMemoryCurrent(actual)
  if (right) return false
  const elsewhere = through === 'cache' ? isMemoryCurrent(actual) : isCacheViewCurrent(actual)
  if (elsewhere) return copiesDiffer(storage, interval)
  const shown = through === 'cache' ? cacheView(storage, actual) : storage.memory
  const others = storage.mirrors?.others(interval.start, interval.end) ?? []
  return isNotIn(others, shown, interval.start, interval.end)
}

/**
 * Whether a read that showed `[start, end)` of `shown` missed what the other homes tell is the last
 * store; it did where none of them tells.
 */
function isNotIn(
  others: readonly OtherHome[],
  shown: Uint8Array,
  start: number,
  end: number,
): boolean {
  if (start >= end) return false
  const [other, ...rest] = others
  if (other === undefined) return true
  const from = clamp(other.start - other.shift, start, end)
  const to = clamp(other.end - other.shift, from, end)
  let wrong = isNotIn(rest, shown, start, from) || isNotIn(rest, shown, to, end)
  other.storage.lines.each(from + other.shift, to + other.shift, (part) => {
    const at = part.start - other.shift
    const right = currentBytes(other.storage, part.actual)
    wrong ||=
      right === undefined
        ? isNotIn(rest, shown, at, part.end - other.shift)
        : differ(shown, at, right, part.start, part.end)
  })
  return wrong
}

/** The copy of a storage's bytes that holds the last store, where one does. */
function currentBytes(storage: Storage, state: LineState): Uint8Array | undefined {
  if (isMemoryCurrent(state)) return storage.memory
  return isCacheViewCurrent(state) ? storage.cached : undefined
}

function cacheView(storage: Storage, state: LineState): Uint8Array {
  return presenceOf(state) === 'absent' ? storage.memory : storage.cached
}

function clamp(at: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, at))
}

/** An old copy may by luck hold the same bytes as the current one. */
function copiesDiffer(storage: Storage, { start, end }: Interval): boolean {
  return differ(storage.memory, start, storage.cached, start, end)
}

function differ(a: Uint8Array, atA: number, b: Uint8Array, atB: number, endB: number): boolean {
  for (let i = atB; i < endB; i++) if (a[atA + i - atB] !== b[i]) return true
  return false
}
