/**
 * Bytes with more than one home: the DMA layer keeps a bounce copy of memory beyond a device's
 * reach.
 *
 * Only the CPU moves bytes between the homes. A copy is not a store in program order: it carries
 * over the source's cache view. A store in one home makes the bytes of all others stale at once.
 *
 * Each byte of each home keeps a separate set of states, and nothing is lost by that: the later
 * presence of a line does not depend on the values in it, and a read returns one component (memory
 * or cache) of one home, whose value came through a chain of single components. For each link of
 * the chain there is a run of the hardware, and the runs can be joined: a copy leaves its target
 * dirty in any case, so later steps do not depend on the run that brought the value.
 */
import { assert } from './kernel-error.ts'
import type { Storage } from './storage.ts'

/** Bytes `[start, end)` of `original` have a second home at `at` in `copy`. */
export interface Mirror {
  readonly original: Storage
  readonly start: number
  readonly end: number
  readonly copy: Storage
  readonly at: number
}

/** Where bytes of one storage live as well: offset there = offset here + `shift`. */
export interface OtherHome {
  readonly storage: Storage
  readonly start: number
  readonly end: number
  readonly shift: number
}

/** Mirrors in the order of where they begin, so that those over a range are found without a look at all. */
class Placed {
  readonly #list: Mirror[] = []
  readonly #startOf: (mirror: Mirror) => number
  /** No mirror was ever longer: none that begins earlier than this before a range reaches into it. */
  #longest = 0

  constructor(startOf: (mirror: Mirror) => number) {
    this.#startOf = startOf
  }

  get size(): number {
    return this.#list.length
  }

  add(mirror: Mirror): void {
    this.#longest = Math.max(this.#longest, lengthOf(mirror))
    this.#list.splice(this.#firstFrom(this.#startOf(mirror)), 0, mirror)
  }

  delete(mirror: Mirror): boolean {
    const index = this.#list.indexOf(mirror, this.#firstFrom(this.#startOf(mirror)))
    if (index !== -1) this.#list.splice(index, 1)
    return index !== -1
  }

  over(start: number, end: number): Mirror[] {
    const found: Mirror[] = []
    for (let i = this.#firstFrom(start - this.#longest); i < this.#list.length; i++) {
      const mirror = this.#list[i] as Mirror
      const from = this.#startOf(mirror)
      if (from >= end) break
      if (from + lengthOf(mirror) > start) found.push(mirror)
    }
    return found
  }

  /** The index of the first mirror that begins at or after `at`. */
  #firstFrom(at: number): number {
    let low = 0
    let high = this.#list.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#startOf(this.#list[middle] as Mirror) < at) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** The mirrors that one storage takes part in: as the original, or as the holder of copies. */
export class Mirrors {
  readonly asOriginal: Placed = new Placed((mirror) => mirror.start)
  readonly asCopy: Placed = new Placed((mirror) => mirror.at)

  get holdsCopies(): boolean {
    return this.asCopy.size > 0
  }

  /** The other homes of bytes `[start, end)` of this storage. */
  others(start: number, end: number): OtherHome[] {
    const homes = this.asOriginal.over(start, end).map((mirror) => copyOf(mirror, start, end, 0))
    for (const mirror of this.asCopy.over(start, end)) {
      const original = originalOf(mirror, start, end)
      homes.push(original)
      const siblings = original.storage.mirrors?.asOriginal.over(original.start, original.end) ?? []
      for (const sibling of siblings) {
        if (sibling === mirror) continue
        homes.push(copyOf(sibling, original.start, original.end, original.shift))
      }
    }
    return homes
  }
}

/** Makes both storages know of the mirror. */
export function addMirror(mirror: Mirror): void {
  const { original, copy, start, end, at } = mirror
  assert(original !== copy, 'a copy lies in another storage than its original')
  assert(
    start >= 0 && start < end && end <= original.size,
    'a mirror begins and ends in its original',
  )
  assert(at >= 0 && at + lengthOf(mirror) <= copy.size, 'a copy lies within its storage')
  original.mirrors ??= new Mirrors()
  copy.mirrors ??= new Mirrors()
  assert(!original.mirrors.holdsCopies, 'a copy has no copies')
  assert(copy.mirrors.asOriginal.size === 0, 'an original is no copy')
  const taken = copy.mirrors.asCopy.over(at, at + lengthOf(mirror))
  assert(taken.length === 0, 'two copies do not share bytes')
  original.mirrors.asOriginal.add(mirror)
  copy.mirrors.asCopy.add(mirror)
}

export function deleteMirror(mirror: Mirror): void {
  const known = mirror.original.mirrors?.asOriginal.delete(mirror) ?? false
  assert(known, 'a mirror is unlinked once, after it was linked')
  mirror.copy.mirrors?.asCopy.delete(mirror)
}

function lengthOf({ start, end }: Mirror): number {
  return end - start
}

/**
 * The copies of `[start, end)` of the original; `from` is the shift from the asker's offsets to it.
 */
function copyOf(mirror: Mirror, start: number, end: number, from: number): OtherHome {
  const by = mirror.at - mirror.start
  return {
    storage: mirror.copy,
    start: Math.max(start, mirror.start) + by,
    end: Math.min(end, mirror.end) + by,
    shift: from + by,
  }
}

function originalOf(mirror: Mirror, start: number, end: number): OtherHome {
  const by = mirror.start - mirror.at
  return {
    storage: mirror.original,
    start: Math.max(start + by, mirror.start),
    end: Math.min(end + by, mirror.end),
    shift: by,
  }
}
