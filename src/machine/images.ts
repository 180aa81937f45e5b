/**
 * The content of live arrays at the last search for stores.
 *
 * Of an array on `cached` the image is memory wherever memory and the cached line are both current,
 * so that most of it costs no copy; only elsewhere is `Storage.image` kept. An array on `memory`
 * has a separate image, `Storage.memoryImage`, which follows every change that the board makes to
 * memory.
 */
import type { Run } from './changed-runs.ts'
import type { Interval } from './line-map.ts'
import { isCacheViewCurrent, isMemoryCurrent, type LineState, presenceOf } from './line-state.ts'
import type { Storage } from './storage.ts'
import { beforeChange, dropTwin, hasTwin, shownBefore } from './twin.ts'

/** Both copies are current, so memory equals the cache's content. */
export function isServedByMemory(state: LineState): boolean {
  return presenceOf(state) !== 'absent' && isMemoryCurrent(state) && isCacheViewCurrent(state)
}
export function isNotServedByMemory(state: LineState): boolean {
  return !isServedByMemory(state)
}

/** Memory, as it was before stores through arrays on it that were not looked for yet. */
export function knownMemory(storage: Storage): Uint8Array {
  return storage.memoryImage ?? storage.memory
}

export class Images {
  readonly #checked: boolean
  readonly #kept: boolean

  /** Where every access is coherent, the image is all that stores are found by. */
  constructor({ checked, coherent }: { readonly checked: boolean; readonly coherent: boolean }) {
    this.#checked = checked
    this.#kept = checked && !coherent
  }

  /** The content of an array on `cached` at an interval before the first store through it. */
  before(storage: Storage, { actual }: Interval): Uint8Array {
    if (this.#kept && isServedByMemory(actual)) return knownMemory(storage)
    return shownBefore(storage) ?? knownMemory(storage)
  }

  /** An array over the range begins: on a coherent board nothing else holds its content. */
  begin(storage: Storage, range: Run): void {
    if (this.#kept) this.save(storage, range.start, range.end)
    else if (this.#checked && !hasTwin(storage, range)) this.saveAll(storage, range)
  }

  /** Keeps the present content on a coherent board. */
  saveAll(storage: Storage, { start, end }: Run): void {
    dropTwin(storage)
    storage.openImage().set(storage.cached.subarray(start, end), start)
  }

  /** Before bytes of a coherent board's storage change in another way than through arrays on it. */
  beforeBytesChange(storage: Storage, range: Run): void {
    if (!this.#kept) beforeChange(storage, range)
  }

  /** Keeps the present content of the cache, in the intervals where memory differs or soon will. */
  save(
    storage: Storage,
    start: number,
    end: number,
    where: (state: LineState) => boolean = isNotServedByMemory,
  ): void {
    if (!this.#isFor(storage)) return
    storage.lines.each(start, end, (interval) => {
      if (where(interval.actual)) copyInto(storage, storage.cached, interval)
    })
  }

  /** Memory held the content of arrays until now; from now on it does not count. */
  keepServed(storage: Storage, start: number, end: number): void {
    if (!this.#isFor(storage)) return
    storage.lines.each(start, end, (interval) => {
      if (isServedByMemory(interval.actual)) copyInto(storage, knownMemory(storage), interval)
    })
  }

  /** Before `[start, end)` of memory changes behind the cache. */
  beforeMemoryChanges(storage: Storage, start: number, end: number): void {
    if (this.#isMostlyCovered(storage, start, end)) move(storage, start, end)
    else this.save(storage, start, end, isServedByMemory)
  }

  /** Whether memory everywhere equals the cache, and is about to change nearly everywhere. */
  #isMostlyCovered(storage: Storage, start: number, end: number): boolean {
    if (!this.#isFor(storage) || storage.memoryImage !== undefined) return false
    if ((end - start) * 2 < storage.size) return false
    let served = true
    storage.lines.each(0, storage.size, ({ actual }) => {
      served &&= isServedByMemory(actual)
    })
    return served
  }

  #isFor(storage: Storage): boolean {
    return this.#kept && storage.views.size > 0
  }
}

function copyInto(storage: Storage, source: Uint8Array, { start, end }: Run): void {
  storage.openImage().set(source.subarray(start, end), start)
}

/** The bytes of memory become the image; only the part that is not about to change is copied. */
function move(storage: Storage, start: number, end: number): void {
  const image = storage.memory
  storage.memory = storage.openImage()
  storage.image = image
  storage.memory.set(image.subarray(0, start), 0)
  storage.memory.set(image.subarray(end), end)
}
