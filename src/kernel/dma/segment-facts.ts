import type { Segment } from './sg-table.ts'

export interface SegmentFacts {
  /** The address behind the highest byte. */
  readonly top: number
  readonly longest: number
}

const known = new WeakMap<readonly Segment[], SegmentFacts>()

/** Facts that each mapping needs of a table, computed once for a list of segments. */
export function factsOf(segments: readonly Segment[]): SegmentFacts {
  let facts = known.get(segments)
  if (facts === undefined) {
    let top = 0
    let longest = 0
    for (const { physical, length } of segments) {
      top = Math.max(top, physical + length)
      longest = Math.max(longest, length)
    }
    facts = { top, longest }
    known.set(segments, facts)
  }
  return facts
}
