import type { EventOrigin, Range } from '../../events/event.ts'
import type { DeviceJob, DeviceJobs } from '../../kernel/dmabuf/device-job.ts'
import type { GemObject } from '../../kernel/drm/gem-object.ts'
import { assert } from '../../machine/kernel-error.ts'
import type { ScannedPicture } from './scanned-picture.ts'
import { rangeOf, type VisiblePlane } from './view.ts'

/** A plane with the job that reads it. */
export interface PlaneJob {
  readonly plane: VisiblePlane
  readonly job: DeviceJob
}

interface Piece {
  readonly object: GemObject
  range: Range
  readonly planes: VisiblePlane[]
}

/**
 * Starts the jobs that read `planes`: one for planes that follow each other in one buffer. `origin` is
 * the line that asked for it, where that is not the one that runs.
 */
export function startJobs(
  jobs: DeviceJobs,
  planes: readonly VisiblePlane[],
  origin?: EventOrigin,
): PlaneJob[] {
  return pieces(planes).flatMap(({ object, range, planes: members }) => {
    assert(object.mapping !== undefined, 'the display maps every object that it shows')
    const job = jobs.start(object.mapping, 'read', range, origin)
    return members.map((plane) => ({ plane, job }))
  })
}

/** Ends each job once. */
export function finishJobs(planeJobs: readonly PlaneJob[]): void {
  for (const job of new Set(planeJobs.map(({ job }) => job))) job.finish()
}

/** The device reads lines `[from, to)` of a plane into the picture. */
export function loadRows(
  { plane, job }: PlaneJob,
  from: number,
  to: number,
  picture: ScannedPicture,
): void {
  const { start, pitch, line, target } = plane
  const together = pitch === line ? to - from : 1
  for (let row = from; row < to; row += together) {
    const at = target + row * line
    picture.load(job, start + row * pitch, at, at + together * line)
  }
}

function pieces(planes: readonly VisiblePlane[]): Piece[] {
  const found: Piece[] = []
  for (const plane of planes) {
    const range = rangeOf(plane)
    const before = found.find(
      (piece) => piece.object === plane.object && piece.range.end === range.start,
    )
    if (before === undefined) {
      found.push({ object: plane.object, range, planes: [plane] })
      continue
    }
    before.range = { start: before.range.start, end: range.end }
    before.planes.push(plane)
  }
  return found
}
