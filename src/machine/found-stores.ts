/** Stores that were found behind the program's back, and the arrays that they are put down to. */
import type { Run } from './changed-runs.ts'
import type { LiveView } from './storage.ts'

/** Lines whose states change as by a store, and the bytes among them that changed. */
export interface FoundRun extends Run {
  readonly stored: Run
}

export interface FoundInView {
  readonly view: LiveView
  readonly runs: FoundRun[]
}

/**
 * Each found run, cut to the arrays over it: the newest one, and an ended one only if no living one
 * can have stored. Bytes under none are assigned to the first of them.
 */
export function byView(runs: readonly FoundRun[], views: Iterable<LiveView>): FoundInView[] {
  const ordered = [...views].reverse().sort(newestFirst)
  const found = ordered.map((view) => ({ view, runs: [] as FoundRun[] }))
  let left = runs
  for (const { view, runs: taken } of found) {
    taken.push(...left.flatMap((run) => cut(run, view.start, view.end)))
    left = left.flatMap((run) => [
      ...cut(run, 0, view.start),
      ...cut(run, view.end, Number.POSITIVE_INFINITY),
    ])
    if (left.length === 0) break
  }
  found[0]?.runs.push(...left)
  return found.filter((group) => group.runs.length > 0)
}

/** From the first to the last byte that changed. */
export function hullOf(runs: readonly FoundRun[]): Run {
  return {
    start: Math.min(...runs.map(({ stored }) => stored.start)),
    end: Math.max(...runs.map(({ stored }) => stored.end)),
  }
}

function newestFirst(a: LiveView, b: LiveView): number {
  const ended = Number(a.ended !== undefined) - Number(b.ended !== undefined)
  return ended === 0 ? b.taken - a.taken : ended
}

/** The part of a run in `[start, end)`; empty if nothing was stored there. */
function cut(run: FoundRun, start: number, end: number): FoundRun[] {
  const stored = clip(run.stored, start, end)
  return stored.start < stored.end ? [{ ...clip(run, start, end), stored }] : []
}

function clip(run: Run, start: number, end: number): Run {
  return { start: Math.max(run.start, start), end: Math.min(run.end, end) }
}
