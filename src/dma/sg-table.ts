import type { Placement } from '../events/event.ts'
import type { Storage } from '../machine/storage.ts'

/** Bytes that follow each other in one storage, however its frames are scattered. */
export interface StorageRun {
  readonly storage: Storage
  readonly offset: number
  readonly length: number
}

/** What a device sees: a physically contiguous piece. */
export interface Segment {
  readonly physical: number
  readonly length: number
}

/**
 * A scatter list: the segments that a device walks, and the same bytes as runs of storages, which is
 * what the simulation works on so that its cost does not grow with the count of segments.
 */
export interface SgTable {
  readonly segments: readonly Segment[]
  readonly runs: readonly StorageRun[]
  readonly size: number
}

/** The table of a whole storage. */
export function tableOf(storage: Storage): SgTable {
  return {
    segments: storage.chunks,
    runs: [{ storage, offset: 0, length: storage.size }],
    size: storage.size,
  }
}

/** Where the table's bytes lie, as events tell it. */
export function placementOf({ runs }: Pick<SgTable, 'runs'>): Placement[] {
  return runs.map(({ storage, offset, length }) => ({ storage: storage.id, offset, length }))
}

/** Calls `visit` with the parts of storages that bytes `[start, end)` of the table are in. */
export function eachRun(
  table: SgTable,
  start: number,
  end: number,
  visit: (storage: Storage, from: number, to: number, at: number) => void,
): void {
  let at = 0
  for (const run of table.runs) {
    const from = Math.max(start, at)
    const to = Math.min(end, at + run.length)
    if (from < to) visit(run.storage, run.offset + from - at, run.offset + to - at, from)
    at += run.length
  }
}
