/**
 * Where the bytes of buffers lie, as far as their mappings say: which other buffers have the same
 * bytes, and the neighbours in a cache line.
 */
import type { BufferId, Placement, Range, StorageId } from '../../events/event.ts'
import { IntervalList } from './interval-list.ts'
import { overlaps } from './range-map.ts'

/** Bytes of a buffer from `start` on lie in a storage from `offset` on. */
interface Window {
  readonly buffer: BufferId
  readonly start: number
  readonly offset: number
  readonly length: number
}

/** Bytes of another buffer in the lines that were asked about. */
export interface Neighbour {
  readonly buffer: BufferId
  /** In that buffer. */
  readonly range: Range
  /** The difference of the offset in that buffer and the offset in the buffer in question. */
  readonly shift: number
}

class Windows extends IntervalList<Window> {
  constructor(startOf: (window: Window) => number) {
    super({ startOf, lengthOf: ({ length }) => length })
  }
}

export class Placements {
  readonly #lineSize: number
  /** By their starts in the buffer. */
  readonly #buffers = new Map<BufferId, Map<StorageId, Windows>>()
  /** By their offsets in the storage. */
  readonly #storages = new Map<StorageId, Windows>()

  constructor(lineSize: number) {
    this.#lineSize = lineSize
  }

  /** The bytes of `buffer` from `start` on lie in `placement`, piece after piece. */
  learn(buffer: BufferId, start: number, placement: readonly Placement[]): void {
    const first = placement[0]
    const last = placement.at(-1)
    if (first === undefined || last === undefined) return
    const length = placement.reduce((sum, piece) => sum + piece.length, 0)
    const lastAt = start + length - last.length
    // A mapping of known memory, the common case, costs a look at its two ends.
    if (this.#knows(buffer, start, first) && this.#knows(buffer, lastAt, last)) return
    let at = start
    for (const piece of placement) {
      if (!this.#knows(buffer, at, piece)) this.#add(buffer, at, piece)
      at += piece.length
    }
  }

  forget(buffer: BufferId): void {
    for (const [storage, windows] of this.#buffers.get(buffer) ?? []) {
      const all = this.#storages.get(storage)
      for (const window of windows) all?.delete(window)
      if (all?.size === 0) this.#storages.delete(storage)
    }
    this.#buffers.delete(buffer)
  }

  /** A range, widened to the lines that it touches: whole lines of memory, not of the buffer. */
  lines(buffer: BufferId, { start, end }: Range): Range {
    const from = this.#skew(buffer, start)
    const to = this.#skew(buffer, end - 1)
    return {
      start: this.#floor(start + from) - from,
      end: this.#floor(end - 1 + to) + this.#lineSize - to,
    }
  }

  /** Every other buffer with bytes in the lines that the range touches: the same bytes, or beside them. */
  neighbours(buffer: BufferId, range: Range): Neighbour[] {
    const found: Neighbour[] = []
    for (const [storage, windows] of this.#buffers.get(buffer) ?? []) {
      for (const { start, offset, length } of windows.over(range.start, range.end)) {
        const by = offset - start
        const from = this.#floor(Math.max(range.start, start) + by)
        const last = Math.min(range.end, start + length) - 1 + by
        const to = this.#floor(last) + this.#lineSize
        for (const other of this.#storages.get(storage)?.over(from, to) ?? []) {
          if (other.buffer !== buffer) found.push(inWindow(other, { start: from, end: to }, by))
        }
      }
    }
    return found
  }

  /** How far the line borders of a buffer are from multiples of the line size. */
  #skew(buffer: BufferId, at: number): number {
    for (const windows of this.#buffers.get(buffer)?.values() ?? []) {
      for (const { start, offset } of windows.over(at, at + 1)) {
        return (((offset - start) % this.#lineSize) + this.#lineSize) % this.#lineSize
      }
    }
    return 0
  }

  #floor(offset: number): number {
    return offset - (offset % this.#lineSize)
  }

  #knows(buffer: BufferId, at: number, { storage, offset, length }: Placement): boolean {
    const windows = this.#buffers.get(buffer)?.get(storage)
    for (const window of windows?.over(at, at + 1) ?? []) {
      const reaches = at + length <= window.start + window.length
      if (reaches && window.offset - window.start === offset - at) return true
    }
    return false
  }

  #add(buffer: BufferId, start: number, { storage, offset, length }: Placement): void {
    const window = { buffer, start, offset, length }
    const own = this.#buffers.get(buffer) ?? new Map<StorageId, Windows>()
    this.#buffers.set(buffer, own)
    const windows = own.get(storage) ?? new Windows((one) => one.start)
    own.set(storage, windows)
    windows.add(window)
    const all = this.#storages.get(storage) ?? new Windows((one) => one.offset)
    this.#storages.set(storage, all)
    all.add(window)
  }
}

/** Whether a range of the neighbour has bytes in common with one of the buffer that was asked about. */
export function isSameBytes(neighbour: Neighbour, theirs: Range, ours: Range): boolean {
  const { shift } = neighbour
  return overlaps({ start: theirs.start + shift, end: theirs.end + shift }, ours)
}

function inWindow({ buffer, start, offset, length }: Window, lines: Range, by: number): Neighbour {
  const own = offset - start
  return {
    buffer,
    range: {
      start: Math.max(lines.start, offset) - own,
      end: Math.min(lines.end, offset + length) - own,
    },
    shift: own - by,
  }
}
