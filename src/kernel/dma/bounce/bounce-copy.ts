/** The bounce copy of one mapping: which bytes it holds, and copying them there and back. */
import type { Range } from '../../../events/event.ts'
import type { Machine } from '../../../machine/machine.ts'
import type { Mirror } from '../../../machine/mirror.ts'
import type { Storage } from '../../../machine/storage.ts'
import type { DmaMapping } from '../mapping.ts'
import { joinRun, RunCursor } from '../run-cursor.ts'
import type { Segment, StorageRun } from '../sg-table.ts'
import type { Area } from './bounce-pool.ts'

/** Bytes of the mapping from `at` on, with their home in the bounce copy. */
interface Part {
  readonly at: number
  readonly mirror: Mirror
}

export interface BounceCopy {
  readonly area: Area
  readonly parts: readonly Part[]
  /** The bounced bytes as ranges of the mapping, in order. */
  readonly ranges: readonly Range[]
}

/** Segments, and for each the place of its copy; undefined where the device reaches it. */
export interface Layout {
  readonly segments: readonly Segment[]
  readonly runs: readonly StorageRun[]
  readonly area: Area
  readonly places: readonly (number | undefined)[]
}

/** The copy, and the bytes of the mapping as the device finds them. */
export function layOutCopy(layout: Layout): { copy: BounceCopy; runs: StorageRun[] } {
  const { segments, area, places } = layout
  const cursor = new RunCursor(layout.runs)
  const parts: Part[] = []
  const ranges: { start: number; end: number }[] = []
  const runs: StorageRun[] = []
  let at = 0
  for (const [i, { length }] of segments.entries()) {
    const place = places[i]
    const pieces = cursor.take(length)
    if (place === undefined) for (const piece of pieces) joinRun(runs, piece)
    else {
      joinRun(runs, { storage: area.storage, offset: place, length })
      joinRange(ranges, at, at + length)
      addParts(parts, { at, pieces, place, copy: area.storage })
    }
    at += length
  }
  return { copy: { area, parts, ranges }, runs }
}

function addParts(
  parts: Part[],
  what: { at: number; pieces: readonly StorageRun[]; place: number; copy: Storage },
): void {
  let { at, place } = what
  for (const { storage, offset, length } of what.pieces) {
    const mirror = {
      original: storage,
      start: offset,
      end: offset + length,
      copy: what.copy,
      at: place,
    }
    const last = parts.at(-1)
    if (last !== undefined && goesOn(last.mirror, mirror)) {
      parts[parts.length - 1] = { at: last.at, mirror: { ...last.mirror, end: mirror.end } }
    } else {
      parts.push({ at, mirror })
    }
    at += length
    place += length
  }
}

function goesOn(before: Mirror, next: Mirror): boolean {
  return (
    before.original === next.original &&
    before.end === next.start &&
    before.at + before.end - before.start === next.at
  )
}

function joinRange(ranges: { start: number; end: number }[], start: number, end: number): void {
  const last = ranges.at(-1)
  if (last?.end === start) last.end = end
  else ranges.push({ start, end })
}

/** Copies the bounced bytes of `range`, and emits the copy. */
export function copyBounced(
  machine: Machine,
  mapping: DmaMapping,
  to: 'bounce' | 'original',
  range: Range,
): void {
  const { bounce } = mapping
  if (bounce === undefined) return
  for (const { at, mirror } of bounce.parts) {
    const start = Math.max(range.start, at)
    const end = Math.min(range.end, at + mirror.end - mirror.start)
    if (start >= end) continue
    const by = mirror.start - at
    if (to === 'bounce') machine.memory.copyOut(mirror, start + by, end + by)
    else machine.memory.copyBack(mirror, start + by, end + by)
  }
  for (const part of bouncedIn(mapping, range)) {
    machine.cost.cpuBytes += part.end - part.start
    machine.cost.bounced += part.end - part.start
    machine.events.emit({
      kind: 'bounce-copy',
      to,
      buffer: mapping.buffer,
      mapping: mapping.id,
      device: mapping.device,
      range: mapping.inBuffer(part),
    })
  }
}

/** The parts of a range of the mapping that are bounced. */
export function bouncedIn({ bounce }: DmaMapping, { start, end }: Range): Range[] {
  if (bounce === undefined) return []
  return bounce.ranges
    .map((range) => ({ start: Math.max(start, range.start), end: Math.min(end, range.end) }))
    .filter((range) => range.start < range.end)
}

export function linkCopy(machine: Machine, { parts }: BounceCopy): void {
  for (const { mirror } of parts) machine.memory.link(mirror)
}

export function unlinkCopy(machine: Machine, { parts }: BounceCopy): void {
  for (const { mirror } of parts) machine.memory.unlink(mirror)
}
