import type { Range } from '../../events/event.ts'
import type { DmaMapping } from './mapping.ts'

/** The bytes in the first `entries` of a mapping's list. */
export function sizeOfEntries({ table, size }: DmaMapping, entries: number): number {
  if (entries >= table.segments.length) return size
  return table.segments.slice(0, Math.max(0, entries)).reduce((sum, { length }) => sum + length, 0)
}

/** The part of a range that lies within `[0, size)`. */
export function clamp({ start, end }: Range, size: number): Range {
  const from = Math.min(Math.max(0, start), size)
  return { start: from, end: Math.min(Math.max(from, end), size) }
}
