import type { Placement } from '../events/event.ts'
import { KernelError } from '../machine/kernel-error.ts'
import type { Storage } from '../machine/storage.ts'

/** Bytes that follow each other in one storage, however its frames are scattered. */
export interface StorageRun {
  readonly storage: Storage
  readonly offset: number
  readonly length: number
}

/** A physically contiguous piece. */
export interface Segment {
  readonly physical: number
  readonly length: number
}

/**
 * A scatter list as the CPU sees it: physical pieces, and the same bytes as runs of storages, which is
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

/** The table of runs of storages that follow each other, in the fewest physical pieces. */
export function tableOfRuns(runs: readonly StorageRun[]): SgTable {
  const segments: Segment[] = []
  let size = 0
  for (const run of runs) {
    size += run.length
    for (const piece of framesOf(run)) joinSegment(segments, piece)
  }
  return { segments, runs, size }
}

/** The table of `length` bytes at `offset` of one storage. */
export function tableOfPart(storage: Storage, offset: number, length: number): SgTable {
  return tableOfRuns([{ storage, offset, length }])
}

/** The table's physical pieces; those of its runs where it lists none. */
export function physicalSegments(table: SgTable): readonly Segment[] {
  return table.segments.length > 0 ? table.segments : tableOfRuns(table.runs).segments
}

/** Throws EINVAL for a table whose runs are not what it says: more or less bytes, or nobody's. */
export function requireSound({ runs, size }: SgTable): void {
  let sum = 0
  for (const { storage, offset, length } of runs) {
    sum += length
    if (!(offset >= 0 && length > 0 && offset + length <= storage.size)) {
      throw new KernelError(
        'EINVAL',
        `a run of the table has ${length} bytes at ${offset} of memory with ${storage.size}`,
      )
    }
  }
  if (sum !== size || size === 0) {
    throw new KernelError('EINVAL', `the table says ${size} bytes, its runs have ${sum}`)
  }
}

const placements = new WeakMap<readonly StorageRun[], readonly Placement[]>()

/** Where the table's bytes lie, as events tell it; made once for a list of runs. */
export function placementOf({ runs }: Pick<SgTable, 'runs'>): readonly Placement[] {
  let placement = placements.get(runs)
  if (placement === undefined) {
    placement = runs.map(({ storage, offset, length }) => ({ storage: storage.id, offset, length }))
    placements.set(runs, placement)
  }
  return placement
}

/** Calls `visit` with the parts of storages that bytes `[start, end)` of the table are in. */
export function eachRun(
  { runs }: Pick<SgTable, 'runs'>,
  start: number,
  end: number,
  visit: (storage: Storage, from: number, to: number, at: number) => void,
): void {
  let at = 0
  for (const run of runs) {
    if (at >= end) return
    const from = Math.max(start, at)
    const to = Math.min(end, at + run.length)
    if (from < to) visit(run.storage, run.offset + from - at, run.offset + to - at, from)
    at += run.length
  }
}

function* framesOf({ storage, offset, length }: StorageRun): Generator<Segment> {
  const end = offset + length
  for (const chunk of storage.chunks) {
    const from = Math.max(offset, chunk.offset)
    const to = Math.min(end, chunk.offset + chunk.length)
    if (from < to) yield { physical: chunk.physical + from - chunk.offset, length: to - from }
  }
}

function joinSegment(segments: Segment[], piece: Segment): void {
  const last = segments.at(-1)
  if (last === undefined || last.physical + last.length !== piece.physical) segments.push(piece)
  else segments[segments.length - 1] = { ...last, length: last.length + piece.length }
}
