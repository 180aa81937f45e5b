import { joinRun } from './run-cursor.ts'
import type { StorageRun } from './sg-table.ts'

const known = new WeakMap<readonly StorageRun[], { lineSize: number; joined: StorageRun[] }>()

/**
 * The same bytes in the order of storages and not of the list, in the fewest runs: for work on lines that
 * asks for no order. Two runs that meet within a line stay two: each has an edge there. Found once for a
 * list.
 */
export function joinedRuns(runs: readonly StorageRun[], lineSize: number): readonly StorageRun[] {
  if (runs.length === 1) return runs
  const before = known.get(runs)
  if (before?.lineSize === lineSize) return before.joined
  const joined: StorageRun[] = []
  for (const run of [...runs].sort(inStorage)) {
    if (run.offset % lineSize === 0) joinRun(joined, run)
    else joined.push(run)
  }
  known.set(runs, { lineSize, joined })
  return joined
}

function inStorage(a: StorageRun, b: StorageRun): number {
  return a.storage.id - b.storage.id || a.offset - b.offset
}
