import type { CpuMapEvent, DmaMapEvent, Placement, Range, StorageId } from '../../events/event.ts'

export type MapEvent = CpuMapEvent | DmaMapEvent

/** Bytes of a buffer that follow each other in one storage. */
export interface Piece extends Range {
  readonly storage: StorageId
  /** Where its first byte lies in the storage. */
  readonly offset: number
}

/** Where bytes from `start` on lie, as far as `placement` says. */
export function piecesOf(placement: readonly Placement[] = [], start = 0): Piece[] {
  let at = start
  return placement.map(({ storage, offset, length }) => {
    const piece = { storage, offset, start: at, end: at + length }
    at += length
    return piece
  })
}

/** Where a mapping has the bytes of a range. */
export function piecesIn({ placement, range: mapped }: MapEvent, range: Range): Piece[] {
  return cutTo(piecesOf(placement, mapped?.start ?? 0), range)
}

/** Bytes of two lists that lie in the same place. */
export function commonBytes(one: readonly Piece[], other: readonly Piece[]): Range | undefined {
  for (const a of one) {
    for (const b of other) {
      if (a.storage !== b.storage) continue
      const from = Math.max(a.offset, b.offset)
      const to = Math.min(a.offset + a.end - a.start, b.offset + b.end - b.start)
      if (from < to) return { start: a.start + from - a.offset, end: a.start + to - a.offset }
    }
  }
  return undefined
}

/** The parts of pieces that lie in the range. */
export function cutTo(pieces: readonly Piece[], range: Range): Piece[] {
  return pieces.flatMap((piece) => {
    const start = Math.max(piece.start, range.start)
    const end = Math.min(piece.end, range.end)
    return start < end ? [{ ...piece, start, end, offset: piece.offset + start - piece.start }] : []
  })
}

/** Where it lies in its storage. */
export function placeOf({ start, end, offset }: Piece): Range {
  return { start: offset, end: offset + end - start }
}
