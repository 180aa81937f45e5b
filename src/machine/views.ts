/**
 * Live arrays: their loads are not observed, their stores are found afterwards by comparison with
 * their last content (images.ts), before every operation whose result depends on them.
 */
import { type AccessOps, endsInCache } from './access-ops.ts'
import type { Cache } from './cache.ts'
import { changedHull, changedRuns, type EqualBytes, type Grain, type Run } from './changed-runs.ts'
import { DeadArray, endMethods } from './dead-arrays.ts'
import { byView, type FoundInView, type FoundRun, hullOf } from './found-stores.ts'
import { isServedByMemory, knownMemory } from './images.ts'
import type { Interval } from './line-map.ts'
import { DROP_CLEAN } from './line-op.ts'
import { ALL_STATES, isCacheViewCurrent, presenceOf, setOf } from './line-state.ts'
import type { CachePolicy } from './policy.ts'
import type { LiveView, Storage } from './storage.ts'
import { storedParts } from './stored-parts.ts'
import { shownBefore } from './twin.ts'

/** So many dead arrays of one storage are looked at, and so many storages that have some. */
const MOST_DEAD = 2
const MOST_STORAGES_WITH_DEAD = 16
/** So many arrays that ended and live on are remembered, to end with the others. */
const MOST_ENDED = 64

export interface ViewOptions {
  readonly cache: Cache
  readonly accesses: AccessOps
  readonly policy: CachePolicy
  readonly equal: EqualBytes
  /** Stores were found through a view; returns the id of their event. */
  readonly onStores: (storage: Storage, range: Run, view: LiveView, since: number) => number
  /** The id of the newest event. */
  readonly latestEvent: () => number
  /** Grows whenever code of the program may have run, and so may have stored. */
  readonly epoch: () => number
}

/** The cached copy may hold the content before the last store. */
const MAY_BE_OLD = setOf(
  ...ALL_STATES.filter((state) => presenceOf(state) !== 'absent' && !isCacheViewCurrent(state)),
)

export class Views {
  readonly #options: ViewOptions
  readonly #cache: Cache
  /** The storages that have dead arrays, the oldest first. */
  readonly #withDead = new Set<Storage>()

  constructor(options: ViewOptions) {
    this.#options = options
    this.#cache = options.cache
  }

  /**
   * Before an array over a range of `cached` is handed out. For one that only writes, clean lines
   * that may be stale are dropped: hardware may do that at any time, and nothing else separates the
   * program's own stores from the previous content. Under a mapping's own array the policy chooses:
   * dropping them makes every store visible, keeping them makes the loads stale.
   */
  prepare(
    storage: Storage,
    range: Run,
    { scope, writeOnly }: { scope: LiveView['scope']; writeOnly: boolean },
  ): void {
    this.reconcile(storage, range.start, range.end)
    const { coherent, checked } = this.#cache
    if (coherent || !checked) return
    const drops = writeOnly || (scope === 'mapping' && this.#options.policy.dropsOldLines())
    if (drops) this.#cache.applyActual(storage, range, DROP_CLEAN)
    this.fill(storage)
  }

  /** Makes the range hold the result of a CPU load, and looks for stores there from now on. */
  handOut(storage: Storage, view: LiveView): void {
    if (!storage.hasViews) storage.reconciled = this.#options.latestEvent()
    const { coherent, images } = this.#cache
    if (!coherent && view.attribute !== 'cached') {
      storage.memoryImage ??= storage.memory.slice()
      storage.memoryViews.add(view)
      return
    }
    storage.views.add(view)
    try {
      this.#cache.fill(storage, view)
      const lines = this.#cache.linesOf(storage, view.start, view.end)
      images.begin(storage, lines)
    } catch (error) {
      // The host has no memory for the image: then there is no array either.
      storage.views.delete(view)
      throw error
    }
  }

  /**
   * The arrays may not be used any more. Stores through them are looked for one last time, and the
   * arrays end as unmapped memory would; but as long as another one stands on the same bytes they live
   * on, as ended ones, and are watched.
   */
  end(storage: Storage, views: readonly LiveView[]): void {
    this.#end(storage, storage.views, views, (last) => {
      storage.closeImage()
      // Without bookkeeping there is one copy of the bytes, and it is the one that would go.
      if (!this.#cache.checked) return
      if (this.#leaves(storage)) this.#bury(storage, storage.leave(), last)
      else storage.detach()
      storage.ended.length = 0
    })
    this.#end(storage, storage.memoryViews, views, (last) => {
      storage.memoryImage = undefined
      if (this.#leaves(storage)) this.#bury(storage, storage.leaveMemory(), last)
      else storage.detachMemory()
      storage.ended.length = 0
    })
  }

  /** Looks for stores through arrays that ended and whose memory was left in place, in all storages. */
  lookAtDead(): void {
    for (const storage of this.#withDead) this.#reconcileDead(storage)
  }

  #leaves(storage: Storage): boolean {
    return this.#options.policy.leavesDeadArrays(storage.size, storage.ends++)
  }

  /** The oldest ones make room: their stores so far are found now. */
  #bury(storage: Storage, bytes: Uint8Array<ArrayBuffer>, views: readonly LiveView[]): void {
    for (const array of [...storage.ended, ...views.map((view) => view.array)]) {
      if (array?.buffer === bytes.buffer) endMethods(array)
    }
    storage.dead ??= []
    storage.dead.push(new DeadArray(bytes, views))
    this.#withDead.delete(storage)
    this.#withDead.add(storage)
    if (storage.dead.length > MOST_DEAD) this.#dropOldest(storage)
    for (const oldest of this.#withDead) {
      if (this.#withDead.size <= MOST_STORAGES_WITH_DEAD) break
      while (oldest.dead !== undefined) this.#dropOldest(oldest)
    }
  }

  #dropOldest(storage: Storage): void {
    this.#reconcileDead(storage)
    storage.dead?.shift()?.detach()
    if (storage.dead?.length !== 0) return
    storage.dead = undefined
    this.#withDead.delete(storage)
  }

  /** The stores are emitted, and reach no memory: it may have another owner by now. */
  #reconcileDead(storage: Storage): void {
    for (const dead of storage.dead ?? []) {
      const runs = dead.stores(this.#options.equal, this.#options.epoch())
      if (runs.length === 0) continue
      const found = runs.map((run) => ({ ...run, stored: run }))
      for (const { view, runs: mine } of byView(found, dead.views)) {
        this.#options.onStores(storage, hullOf(mine), view, view.ended ?? view.taken)
      }
    }
  }

  #end(
    storage: Storage,
    shown: Set<LiveView>,
    views: readonly LiveView[],
    detach: (last: readonly LiveView[]) => void,
  ): void {
    const ending = views.filter((view) => shown.has(view))
    if (ending.length === 0) return
    const others = [...shown].filter((view) => !ending.includes(view))
    const stays = others.some(({ ended }) => ended === undefined)
    const last = stays ? ending : [...others, ...ending]
    last.forEach((view, i) => {
      const keepImage = stays || i + 1 < last.length
      this.#reconcile(storage, view.start, view.end, 'word', keepImage)
    })
    if (stays) {
      for (const view of ending) this.#keepEnded(storage, shown, view)
      return
    }
    shown.clear()
    detach(last)
  }

  /** A living array over the same bytes would be blamed first: then this one need not be known. */
  #keepEnded(storage: Storage, shown: Set<LiveView>, view: LiveView): void {
    view.ended = this.#options.latestEvent()
    for (const other of shown) {
      if (other === view) continue
      if (other.ended === undefined && covers(other, view)) forget(storage, shown, view)
      if (other.ended !== undefined && covers(view, other)) forget(storage, shown, other)
    }
  }

  /**
   * A load through a live array on `cached` would fill its line unobserved: the lines are kept
   * filled.
   */
  fill(storage: Storage): void {
    for (const view of storage.views) this.#cache.fill(storage, view)
  }

  /**
   * Finds the stores through live arrays since the last search, in the range and in other homes of
   * its bytes, and applies them. By `block` they are found fast and coarsely, which is enough if
   * every line of the range is cleaned at once: a line without a store is the same before and
   * after.
   */
  reconcile(storage: Storage, start: number, end: number, grain: Grain = 'word'): void {
    if (storage.mirrors === undefined) {
      this.#reconcile(storage, start, end, grain, true)
      return
    }
    // Stored bytes are stale in the other homes: no further line than was stored.
    this.#reconcile(storage, start, end, 'word', true)
    for (const home of storage.mirrors.others(start, end)) {
      this.#reconcile(home.storage, home.start, home.end, 'word', true)
    }
  }

  /**
   * As `reconcile`, of a storage whose bytes are copied to a twin next: no image is kept until then.
   * `grain`: by block only where all other homes of the bytes are copied to.
   */
  reconcileBeforeCopy(storage: Storage, { start, end }: Run, grain: Grain = 'word'): void {
    this.#reconcile(storage, start, end, grain, false)
  }

  #reconcile(storage: Storage, start: number, end: number, grain: Grain, keepImage: boolean): void {
    if (storage.dead !== undefined) this.#reconcileDead(storage)
    if (!storage.hasViews || !this.#cache.checked) return
    const epoch = this.#options.epoch()
    if (storage.isKnown(start, end, epoch)) return
    const inCache = byView(this.#changesInCache(storage, start, end, grain), storage.views)
    // Of two arrays, the image of the second one includes the first one's stores.
    const keeps = this.#cache.coherent
      ? keepImage || inCache.length > 1
      : grain === 'word' && keepImage
    for (const found of inCache) this.#applyFound(storage, found, keeps)
    if (inCache.length > 0 && !keeps) storage.twin = undefined
    const inMemory = this.#changesInMemory(storage, start, end)
    for (const found of byView(inMemory, storage.memoryViews)) {
      this.#applyFoundInMemory(storage, found)
    }
    storage.reconciled = this.#options.latestEvent()
    storage.setKnown(start, end, epoch)
  }

  // --- finding ---------------------------------------------------------------------------------

  #changesInCache(storage: Storage, start: number, end: number, grain: Grain): FoundRun[] {
    const { images } = this.#cache
    const { equal } = this.#options
    const now = storage.cached
    const found: FoundRun[] = []
    for (const part of this.#cache.linesUnder(storage, storage.views, start, end)) {
      storage.lines.each(part.start, part.end, (interval) => {
        const before = images.before(storage, interval)
        for (const { start: from, end: to, by } of this.#piecesOf(interval, grain)) {
          for (const run of changedRuns(now, before, from, to, equal, by)) {
            const stored = by === 'word' ? run : changedHull(now, before, run, equal)
            found.push({ ...run, stored })
          }
        }
      })
    }
    return found
  }

  /**
   * By block only where no byte of a line may be old. A line that is the interval's in part may be in
   * the rest, and that would go to memory with bytes taken for stored.
   */
  #piecesOf({ start, end, possible }: Interval, grain: Grain): (Run & { by: Grain })[] {
    const { lineSize } = this.#cache
    const first = Math.ceil(start / lineSize) * lineSize
    const last = end - (end % lineSize)
    if (grain === 'word' || (possible & MAY_BE_OLD) !== 0 || first >= last) {
      return [{ start, end, by: 'word' }]
    }
    const pieces: (Run & { by: Grain })[] = [
      { start, end: first, by: 'word' },
      { start: first, end: last, by: grain },
      { start: last, end, by: 'word' },
    ]
    return pieces.filter((piece) => piece.start < piece.end)
  }

  #changesInMemory(storage: Storage, start: number, end: number): FoundRun[] {
    const { memory, memoryImage } = storage
    if (memoryImage === undefined) return []
    const { start: from, end: to } = this.#cache.linesOf(storage, start, end)
    return changedRuns(memory, memoryImage, from, to, this.#options.equal).map((run) => ({
      ...run,
      stored: run,
    }))
  }

  // --- applying --------------------------------------------------------------------------------

  #applyFound(storage: Storage, { view, runs }: FoundInView, keepImage: boolean): void {
    const writer = this.#options.onStores(storage, hullOf(runs), view, storage.reconciled)
    const { coherent, images } = this.#cache
    const ops = this.#options.accesses.cpuStore(view.attribute)
    const stored = runs.flatMap((run) => this.#storedIn(storage, run))
    for (const run of stored) this.#cache.applyStore(storage, run, ops, writer)
    // Words that count as stored although their value is unchanged are dirty too.
    for (const { start, end } of [...runs, ...stored]) {
      if (!keepImage) break
      if (coherent) images.saveAll(storage, { start, end })
      else images.save(storage, start, end)
    }
  }

  #applyFoundInMemory(storage: Storage, { view, runs }: FoundInView): void {
    const writer = this.#options.onStores(storage, hullOf(runs), view, storage.reconciled)
    const { images } = this.#cache
    for (const run of runs) {
      const { start, end } = run
      const bytes = storage.memory.subarray(start, end)
      const ops = this.#options.accesses.cpuStore(view.attribute)
      images.keepServed(storage, start, end)
      this.#cache.applyStore(storage, run, ops, writer)
      storage.memoryImage?.set(bytes, start)
      if (!endsInCache(ops.actual)) continue
      storage.cached.set(bytes, start)
      images.save(storage, start, end)
    }
  }

  /** A run as it is, or cut to the words really stored where the line under it may be old. */
  #storedIn(storage: Storage, run: Run): Run[] {
    const { coherent, lineSize } = this.#cache
    const lines = this.#cache.linesOf(storage, run.start, run.end)
    let mayBeOld = false
    let inMemory = true
    storage.lines.each(lines.start, lines.end, (interval) => {
      mayBeOld ||= (interval.possible & MAY_BE_OLD) !== 0
      inMemory &&= coherent || isServedByMemory(interval.actual)
    })
    if (!mayBeOld || !inMemory) return [run]
    const before = coherent ? shownBefore(storage) : knownMemory(storage)
    if (before === undefined) return [run]
    return storedParts(storage.cached, before, lines.start, lines.end, lineSize)
  }
}

function covers(outer: Run, inner: Run): boolean {
  return outer.start <= inner.start && inner.end <= outer.end
}

/** No stores are put down to the view any more; its array ends with the others on the storage. */
function forget(storage: Storage, shown: Set<LiveView>, view: LiveView): void {
  if (!shown.delete(view) || view.array === undefined) return
  storage.ended.push(view.array)
  if (storage.ended.length > MOST_ENDED) storage.ended.shift()
}
