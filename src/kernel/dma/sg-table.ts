import { PAGE_SIZE } from '../../abi/fcntl.ts'
import type { Placement } from '../../events/event.ts'
import { assert } from '../../machine/kernel-error.ts'
import { Storage } from '../../machine/storage.ts'

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
 * A scatter list as the CPU sees it: physical pieces, and the same bytes as runs of storages. The
 * simulation works on runs, so that its cost does not grow with the count of segments.
 */
export interface SgTable {
  readonly segments: readonly Segment[]
  readonly runs: readonly StorageRun[]
  readonly size: number
}

/** The table of a whole storage. */
export function tableOf(storage: Storage): SgTable {
  const runs = [{ storage, offset: 0, length: storage.size }]
  const table = { segments: storage.chunks, runs, size: storage.size }
  sound.add(table)
  return table
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

/** The same table with no piece longer than `longest` bytes. */
export function tableInPieces(table: SgTable, longest: number): SgTable {
  assert(
    Number.isSafeInteger(longest) && longest > 0 && longest % PAGE_SIZE === 0,
    `a segment is at most some whole pages long, not ${longest} bytes`,
  )
  const segments = physicalSegments(table).flatMap(({ physical, length }) =>
    Array.from({ length: Math.ceil(length / longest) }, (_, i) => ({
      physical: physical + i * longest,
      length: Math.min(longest, length - i * longest),
    })),
  )
  return { ...table, segments }
}

/** The table's physical pieces; those of its runs where it lists none. */
export function physicalSegments(table: SgTable): readonly Segment[] {
  return table.segments.length > 0 ? table.segments : tableOfRuns(table.runs).segments
}

/** Checked tables, which are immutable. */
const sound = new WeakSet<SgTable>()

/** The contradiction in a table: bytes or places that its runs do not have. Undefined: none. */
export function tableProblem(table: SgTable): string | undefined {
  if (sound.has(table)) return undefined
  const { runs, segments, size } = table
  if (!Array.isArray(runs) || !Array.isArray(segments))
    return 'the table has no runs or no segments'
  if (!runs.every(isRun)) return 'a run of the table lies not within the memory that it names'
  const sum = runs.reduce((bytes, { length }: StorageRun) => bytes + length, 0)
  if (sum !== size) return `the table says ${size} bytes, its runs have ${sum}`
  if (segments.length > 0 && !liesThere(segments, tableOfRuns(runs).segments)) {
    return 'the segments of the table are not where its runs lie'
  }
  sound.add(table)
  return undefined
}

/** Whether a value is bytes of memory that the kernel has. */
export function isRun(value: unknown): value is StorageRun {
  if (typeof value !== 'object' || value === null) return false
  const { storage, offset = -1, length = -1 } = value as Partial<StorageRun>
  return (
    storage instanceof Storage &&
    Number.isSafeInteger(offset) &&
    Number.isSafeInteger(length) &&
    offset >= 0 &&
    length > 0 &&
    offset + length <= storage.size
  )
}

/** Whether segments, in whichever pieces, follow each other as `frames` do, of which none can be joined. */
function liesThere(segments: readonly Segment[], frames: readonly Segment[]): boolean {
  let index = 0
  let done = 0
  for (const { physical, length } of segments) {
    const frame = frames[index]
    if (frame === undefined || physical !== frame.physical + done) return false
    done += length
    if (!(length > 0 && done <= frame.length)) return false
    if (done < frame.length) continue
    index++
    done = 0
  }
  return index === frames.length
}

const placements = new WeakMap<readonly StorageRun[], readonly Placement[]>()

/** Where the table's bytes lie, in the form of events; made once for a list of runs. */
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
