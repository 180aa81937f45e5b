/** Which lines a clean or an invalidate of a range is carried out on, and how at its edges. */
import type { CacheOp } from '../events/event.ts'
import type { Run } from './changed-runs.ts'
import { CLEAN, CLEAN_INVALIDATE, INVALIDATE, type LineOp } from './line-op.ts'

/** The treatment of a line that an invalidated range covers only in part. */
export type EdgeLines = 'clean-invalidate' | 'invalidate'

export interface MaintenancePart extends Run {
  readonly op: LineOp
}

/** The parts of `[start, end)` with the operation on each; none for no operation. */
export function maintenanceParts(
  { start, end }: Run,
  op: CacheOp | undefined,
  edges: EdgeLines,
  lineSize: number,
): MaintenancePart[] {
  if (op === undefined || start >= end) return []
  if (op === 'clean') return [{ op: CLEAN, start, end }]
  if (edges === 'invalidate') return [{ op: INVALIDATE, start, end }]
  const firstWhole = Math.ceil(start / lineSize) * lineSize
  const lastWhole = end - (end % lineSize)
  if (firstWhole >= lastWhole) return [{ op: CLEAN_INVALIDATE, start, end }]
  return [
    { op: CLEAN_INVALIDATE, start, end: firstWhole },
    { op: INVALIDATE, start: firstWhole, end: lastWhole },
    { op: CLEAN_INVALIDATE, start: lastWhole, end },
  ].filter((part) => part.start < part.end)
}
