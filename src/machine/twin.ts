/**
 * Another home of a storage's bytes as the image of its arrays.
 *
 * On a coherent board nothing else holds their last content, and to keep it costs a copy of all
 * bytes. Right after the CPU copied them to or from another home, that home holds it, until one of
 * the two changes in another way than through arrays on the original: the twin's bytes are kept as
 * `Storage.image` then. Invariant: while arrays on the storage live, a twin of it covers all of
 * them.
 */
import type { Run } from './changed-runs.ts'
import type { Storage } from './storage.ts'

/** Bytes `[start, end)` of a storage, with their home in `copy`: offset there = offset here + `shift`. */
export interface Twin extends Readonly<Run> {
  readonly copy: Storage
  readonly shift: number
}

/**
 * The last content of arrays on the storage, at the offsets of the storage; undefined: not kept.
 */
export function shownBefore({ twin, image }: Storage): Uint8Array | undefined {
  return twin === undefined ? image : twin.copy.cached.subarray(twin.shift)
}

/** Whether the storage has a twin over the range. */
export function hasTwin({ twin }: Storage, { start, end }: Run): boolean {
  return twin !== undefined && twin.start <= start && end <= twin.end
}

/** The twin ends: its bytes are kept if they may still be needed. */
export function dropTwin(storage: Storage): void {
  const { twin } = storage
  if (twin === undefined) return
  const { copy, start, end, shift } = twin
  storage.twin = undefined
  if (storage.views.size === 0) return
  storage.openImage().set(copy.cached.subarray(start + shift, end + shift), start)
}

/** Before bytes of the storage change in another way than through arrays on it. */
export function beforeChange(storage: Storage, { start, end }: Run): void {
  if (storage.twin !== undefined && overlaps(storage.twin, start, end)) dropTwin(storage)
  if (storage.mirrors?.holdsCopies !== true) return
  for (const { original } of storage.mirrors.asCopy.over(start, end)) {
    const { twin } = original
    if (twin?.copy !== storage) continue
    if (overlaps(twin, start - twin.shift, end - twin.shift)) dropTwin(original)
  }
}

function overlaps(twin: Twin, start: number, end: number): boolean {
  return twin.start < end && start < twin.end
}
