/** The bytes that a read of a range may get wrong, from the sets of states of its bytes. */
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
  wrongBytes: number
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
    const wrongBytes = wrongBytesNow(storage, interval, paths.actual)
    const last = found.at(-1)
    if (last !== undefined && (sameHazard(last, kind, interval) || found.length >= MOST_HAZARDS)) {
      last.end = interval.end
      last.wrongBytes += wrongBytes
      return
    }
    found.push({
      start: interval.start,
      end: interval.end,
      kind,
      lastStore: interval.writer,
      wrongBytes,
    })
  })
  return found.map(({ start: from, end: to, ...rest }) => ({
    range: { start: from, end: to },
    ...rest,
    wrongNow: rest.wrongBytes > 0,
  }))
}

function sameHazard(last: OpenHazard, kind: Hazard['kind'], interval: Interval): boolean {
  return last.end === interval.start && last.kind === kind && last.lastStore === interval.writer
}

function kindOf(wrong: number, through: Through): Hazard['kind'] {
  if ((wrong & LOST) !== 0) return 'lost'
  return through === 'cache' ? 'stale-line' : 'memory-behind'
}

/**
 * Fills `target` with the bytes from `start` that a coherent machine would read: those of the last store.
 * Bytes that no copy holds any more are 0.
 */
export function loadLastStored(storage: Storage, start: number, target: Uint8Array): void {
  const end = start + target.length
  storage.lines.each(start, end, (interval) => {
    const part = target.subarray(interval.start - start, interval.end - start)
    const bytes = currentBytes(storage, interval.actual)
    if (bytes !== undefined) part.set(bytes.subarray(interval.start, interval.end))
    else loadFromOthers(storage, interval, part.fill(0))
  })
}

function loadFromOthers(storage: Storage, { start, end }: Interval, target: Uint8Array): void {
  for (const other of storage.mirrors?.others(start, end) ?? []) {
    other.storage.lines.each(other.start, other.end, (part) => {
      const bytes = currentBytes(other.storage, part.actual)
      if (bytes === undefined) return
      target.set(bytes.subarray(part.start, part.end), part.start - other.shift - start)
    })
  }
}

function wrongBytesNow(storage: Storage, interval: Interval, through: Through): number {
  const { actual } = interval
  const right = through === 'cache' ? isCacheViewCurrent(actual) : isMemoryCurrent(actual)
  if (right) return 0
  const elsewhere = through === 'cache' ? isMemoryCurrent(actual) : isCacheViewCurrent(actual)
  if (elsewhere) return differingCopies(storage, interval)
  const shown = through === 'cache' ? cacheView(storage, actual) : storage.memory
  const others = storage.mirrors?.others(interval.start, interval.end) ?? []
  return missedIn(others, shown, interval.start, interval.end)
}

/**
 * How many bytes of a read that returned `[start, end)` of `shown` miss the last store, which one of the
 * other homes holds; all bytes that none of them holds do.
 */
function missedIn(
  others: readonly OtherHome[],
  shown: Uint8Array,
  start: number,
  end: number,
): number {
  if (start >= end) return 0
  const [other, ...rest] = others
  if (other === undefined) return end - start
  const from = clamp(other.start - other.shift, start, end)
  const to = clamp(other.end - other.shift, from, end)
  let missed = missedIn(rest, shown, start, from) + missedIn(rest, shown, to, end)
  other.storage.lines.each(from + other.shift, to + other.shift, (part) => {
    const at = part.start - other.shift
    const right = currentBytes(other.storage, part.actual)
    missed +=
      right === undefined
        ? missedIn(rest, shown, at, part.end - other.shift)
        : differing(shown, at, right, part.start, part.end)
  })
  return missed
}

/** The copy of a storage's bytes that holds the last store, if one does. */
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

/** A stale copy may hold the same bytes as the current one. */
function differingCopies(storage: Storage, { start, end }: Interval): number {
  return differing(storage.memory, start, storage.cached, start, end)
}

function differing(a: Uint8Array, atA: number, b: Uint8Array, atB: number, endB: number): number {
  let count = 0
  for (let i = atB; i < endB; i++) if (a[atA + i - atB] !== b[i]) count++
  return count
}
