/**
 * The bytes of a changed line that a raw view really stored, where that matters.
 *
 * A write-only view may stand on stale lines. In this run they were dropped and filled again, so
 * `before` is memory; on other hardware they stayed, and then every byte without a store returns to
 * its stale value. A byte equal to `before` may have been stored with the same value or not at all.
 * The question is decided by words of four bytes: an equal word counts as stored if the nearest
 * changed word of its line holds the same value (a fill, a box of one colour), else as not stored.
 * Stores of less than a word beside changed ones are not distinguished; exact access is.
 */
import type { Run } from './changed-runs.ts'

const WORD = 4

/** The parts of `[start, end)`, whole lines with at least one change each, that were stored. */
export function storedParts(
  now: Uint8Array,
  before: Uint8Array,
  start: number,
  end: number,
  lineSize: number,
): Run[] {
  const parts: Run[] = []
  for (let line = start; line < end; line += lineSize) {
    addLine(parts, now, before, line, Math.min(end, line + lineSize))
  }
  return parts
}

function addLine(
  parts: Run[],
  now: Uint8Array,
  before: Uint8Array,
  start: number,
  end: number,
): void {
  const changed: number[] = []
  for (let at = start; at < end; at += WORD)
    if (!sameWord(now, at, before, at, end)) changed.push(at)
  if (changed.length === 0) return
  for (let at = start; at < end; at += WORD) {
    const nearest = nearestTo(changed, at)
    if (nearest === at || sameWord(now, at, now, nearest, end))
      append(parts, at, Math.min(end, at + WORD))
  }
}

function sameWord(a: Uint8Array, atA: number, b: Uint8Array, atB: number, end: number): boolean {
  for (let i = 0; i < WORD && atA + i < end; i++) if (a[atA + i] !== b[atB + i]) return false
  return true
}

function nearestTo(places: readonly number[], at: number): number {
  return places.reduce((best, place) => (Math.abs(place - at) < Math.abs(best - at) ? place : best))
}

function append(parts: Run[], start: number, end: number): void {
  const last = parts.at(-1)
  if (last !== undefined && last.end === start) last.end = end
  else parts.push({ start, end })
}
