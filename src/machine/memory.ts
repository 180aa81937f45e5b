/**
 * The machine's memory and caches: every agent's access to a storage, and every cache operation.
 *
 * Each call does three things alike: it moves the bytes that this run's board would move, it advances
 * the state that each byte has in this run, and it advances the set of states that legal hardware of
 * the judged board could have. The last decides the verdict, the first two what one sees.
 */
import type { CacheOp, Hazard, MemoryAttribute } from '../events/event.ts'
import { changedRuns, type EqualBytes, equalBytes, type Grain, type Run } from './changed-runs.ts'
import { hazardsOf, type ReadPaths, type Through } from './hazards.ts'
import { assert } from './kernel-error.ts'
import type { Interval } from './line-map.ts'
import {
  CLEAN,
  CLEAN_INVALIDATE,
  COPIED_CURRENT,
  COPIED_EITHER,
  COPIED_OLD,
  CPU_LOAD,
  CPU_STORE,
  DROP_CLEAN,
  INVALIDATE,
  type LineOp,
  type Move,
  onCoherent,
  PREFETCH,
  STORE_BEHIND,
  STORE_SNOOPED,
  STORE_SNOOPED_TO_CACHE,
  STORE_SNOOPED_TO_MEMORY,
  STORED_ELSEWHERE,
} from './line-op.ts'
import {
  ALL_STATES,
  isCacheViewCurrent,
  isMemoryCurrent,
  type LineState,
  presenceOf,
  STALE_THROUGH_CACHE,
  type StateSet,
  setOf,
} from './line-state.ts'
import { addMirror, deleteMirror, type Mirror } from './mirror.ts'
import type { CachePolicy, Moment } from './policy.ts'
import type { OpTable, StateTables } from './state-table.ts'
import type { LiveView, Storage } from './storage.ts'
import { storedParts } from './stored-parts.ts'

/** What happens to a line that an invalidated range covers only in part. */
export type EdgeLines = 'clean-invalidate' | 'invalidate'

/** A question that this run's board and the judged board may answer differently. */
export interface PerBoard<T> {
  readonly actual: T
  readonly judged: T
}

export interface MemoryOptions {
  /** Whether this run's board keeps every access coherent, so that one copy of the bytes is enough. */
  readonly coherent: boolean
  /** Whether states are kept and stores looked for; without, only bytes move. */
  readonly checked: boolean
  readonly lineSize: number
  readonly edges: PerBoard<EdgeLines>
  /** Whether the CPU's uncached accesses look into the cache. */
  readonly uncachedSnoops: PerBoard<boolean>
  readonly tables: StateTables
  readonly policy: CachePolicy
  readonly equal?: EqualBytes | undefined
  /** Stores were found behind a view's back; returns the id of the event that tells of them. */
  readonly onStores: (storage: Storage, range: Run, view: LiveView, since: number) => number
  /** The id of the newest event. */
  readonly latestEvent: () => number
  /** Grows whenever code of the program may have run, and so may have stored. */
  readonly epoch: () => number
}

/** Bytes that are worked on at once where several passes go over them. */
const PIECE: number = 256 * 1024

function pathOf(snoops: boolean): Through {
  return snoops ? 'cache' : 'memory'
}

/** Both copies are current, so memory still tells what the cache shows. */
function isServedByMemory(state: LineState): boolean {
  return presenceOf(state) !== 'absent' && isMemoryCurrent(state) && isCacheViewCurrent(state)
}
function isNotServedByMemory(state: LineState): boolean {
  return !isServedByMemory(state)
}

/** The cached copy may hold what was there before the last store. */
const MAY_BE_OLD = setOf(
  ...ALL_STATES.filter((state) => presenceOf(state) !== 'absent' && !isCacheViewCurrent(state)),
)

export class Memory {
  readonly lineSize: number
  readonly coherent: boolean
  readonly checked: boolean
  readonly #options: MemoryOptions
  readonly #equal: EqualBytes

  constructor(options: MemoryOptions) {
    this.#options = options
    this.lineSize = options.lineSize
    this.coherent = options.coherent
    this.checked = options.checked
    this.#equal = options.equal ?? equalBytes
  }

  // --- CPU access, seen exactly ---------------------------------------------------------------

  /** Loads `target.length` bytes at `start`; returns what may be wrong with them. */
  cpuLoad(
    storage: Storage,
    start: number,
    target: Uint8Array,
    attribute: MemoryAttribute,
  ): Hazard[] {
    const end = start + target.length
    this.reconcile(storage, start, end)
    const hazards = this.cpuHazards(storage, start, end, attribute)
    if (attribute === 'cached') this.#apply(storage, start, end, CPU_LOAD, CPU_LOAD)
    this.#read(storage, start, target, this.#cpuPaths(attribute).actual)
    this.#settle(storage, 'cpu', start, end)
    return hazards
  }

  /** What a CPU load of the range through such a mapping could get wrong; changes nothing. */
  cpuHazards(storage: Storage, start: number, end: number, attribute: MemoryAttribute): Hazard[] {
    const paths = this.#cpuPaths(attribute)
    return this.#hazards(storage, start, end, paths)
  }

  /** Stores `source` at `start`, as the event `writer`. */
  cpuStore(
    storage: Storage,
    start: number,
    source: Uint8Array,
    attribute: MemoryAttribute,
    writer: number,
  ): void {
    const end = start + source.length
    this.reconcile(storage, start, end)
    const { judged, actual } = this.#cpuStoreOps(attribute)
    this.#storeAs(storage, start, source, judged, actual, writer)
    this.#settle(storage, 'cpu', start, end)
  }

  /** Fills the range with one byte through the cache, as the kernel zeroes pages. */
  cpuFill(storage: Storage, start: number, end: number, value: number, writer: number): void {
    this.reconcile(storage, start, end)
    this.#applyStore(storage, start, end, CPU_STORE, CPU_STORE, writer)
    storage.cached.fill(value, start, end)
    if (this.coherent && this.checked) storage.memory.fill(value, start, end)
    this.#settle(storage, 'cpu', start, end)
  }

  // --- CPU access through arrays ---------------------------------------------------------------

  /**
   * Before an array over a range of `cached` is handed out. For one that only writes, clean lines that
   * may be old are dropped: hardware may do that at any time, and nothing else tells the program's own
   * stores from what stood there. Under a mapping's own array the policy chooses: dropping them makes
   * every store visible, keeping them makes the loads old.
   */
  prepareView(
    storage: Storage,
    range: Run,
    { scope, writeOnly }: { scope: LiveView['scope']; writeOnly: boolean },
  ): void {
    this.reconcile(storage, range.start, range.end)
    if (this.coherent || !this.checked) return
    const drops = writeOnly || (scope === 'mapping' && this.#options.policy.dropsOldLines())
    if (drops) this.#applyActual(storage, range.start, range.end, DROP_CLEAN)
    for (const view of storage.views) this.#fill(storage, view.start, view.end)
  }

  /** Makes the range show what a CPU load would, and looks for stores there from now on. */
  handOut(storage: Storage, view: LiveView): void {
    if (!storage.hasViews) storage.reconciled = this.#options.latestEvent()
    storage.views.add(view)
    this.#fill(storage, view.start, view.end)
    this.#saveLines(storage, view.start, view.end)
  }

  /** The view's array may not be used any more. Stores through it are looked for one last time. */
  takeBack(storage: Storage, view: LiveView): void {
    if (!storage.views.has(view)) return
    const only = storage.views.size === 1
    this.#reconcile(storage, view.start, view.end, 'line', !only)
    storage.views.delete(view)
    if (only) storage.image = undefined
  }

  /** Ends every array over the storage's bytes at once, as unmapping would. No view may be live. */
  detach(storage: Storage): void {
    // Without bookkeeping there is one copy of the bytes, and it is the one that would go.
    if (this.checked) storage.detach()
  }

  /**
   * Finds the stores that went through live views since it was last asked, and applies them. By
   * `block` they are found fast and told apart coarsely, which is enough when every line of the range
   * is cleaned at once: a line that nobody stored into is the same before and after.
   */
  reconcile(storage: Storage, start: number, end: number, grain: Grain = 'line'): void {
    if (storage.mirrors === undefined) {
      this.#reconcile(storage, start, end, grain, true)
      return
    }
    // Stores in one home are what a read in another misses.
    this.#reconcile(storage, start, end, 'line', true)
    for (const home of storage.mirrors.others(start, end)) {
      this.#reconcile(home.storage, home.start, home.end, 'line', true)
    }
  }

  #reconcile(storage: Storage, start: number, end: number, grain: Grain, keepImage: boolean): void {
    if (!storage.hasViews || !this.checked) return
    const epoch = this.#options.epoch()
    if (storage.isKnown(start, end, epoch)) return
    const runs: Run[] = []
    for (const part of this.#viewedLines(storage, start, end)) {
      runs.push(...this.#changesIn(storage, part, grain))
    }
    if (runs.length > 0) this.#applyFound(storage, runs, keepImage && grain === 'line')
    storage.reconciled = this.#options.latestEvent()
    storage.setKnown(start, end, epoch)
  }

  #changesIn(storage: Storage, part: Run, grain: Grain): Run[] {
    const runs: Run[] = []
    storage.lines.each(part.start, part.end, (interval) => {
      const precise = grain === 'line' || (interval.possible & MAY_BE_OLD) !== 0
      const found = changedRuns(
        storage.cached,
        this.#imageFor(storage, interval),
        interval.start,
        interval.end,
        this.lineSize,
        this.#equal,
        precise ? 'line' : 'block',
      )
      runs.push(...found)
    })
    return runs
  }

  /** The lines of a range that some live view shows, in order and without overlap. */
  #viewedLines(storage: Storage, start: number, end: number): Run[] {
    const lines = [...storage.views]
      .map((view) => ({
        start: this.#lineStart(Math.max(view.start, this.#lineStart(start))),
        end: this.#lineEnd(storage, Math.min(view.end, this.#lineEnd(storage, end))),
      }))
      .filter((run) => run.start < run.end)
      .sort((a, b) => a.start - b.start)
    const joined: Run[] = []
    for (const run of lines) {
      const last = joined.at(-1)
      if (last === undefined || run.start > last.end) joined.push(run)
      else last.end = Math.max(last.end, run.end)
    }
    return joined
  }

  #applyFound(storage: Storage, runs: readonly Run[], keepImage: boolean): void {
    const hull = { start: (runs[0] as Run).start, end: (runs.at(-1) as Run).end }
    const writer = this.#options.onStores(
      storage,
      hull,
      viewOver(storage, hull),
      storage.reconciled,
    )
    const stored = runs.flatMap((run) => this.#storedIn(storage, run))
    for (const run of stored) {
      this.#applyStore(storage, run.start, run.end, CPU_STORE, CPU_STORE, writer)
    }
    // Words that were taken for stored although they hold what they held are dirty too.
    for (const run of [...runs, ...stored]) {
      if (this.coherent) copy(storage.memory, storage.cached, run.start, run.end)
      else if (keepImage) this.#saveImage(storage, run.start, run.end, isNotServedByMemory)
    }
  }

  /** A run as it is, or cut to the words really stored where the line under it may be old. */
  #storedIn(storage: Storage, run: Run): Run[] {
    const start = this.#lineStart(run.start)
    const end = this.#lineEnd(storage, run.end)
    let mayBeOld = false
    let inMemory = true
    storage.lines.each(start, end, (interval) => {
      mayBeOld ||= (interval.possible & MAY_BE_OLD) !== 0
      inMemory &&= this.coherent || isServedByMemory(interval.actual)
    })
    return mayBeOld && inMemory
      ? storedParts(storage.cached, storage.memory, start, end, this.lineSize)
      : [run]
  }

  // --- devices ---------------------------------------------------------------------------------

  /** A device reads `target.length` bytes at `start`; returns what may be wrong with them. */
  deviceLoad(
    storage: Storage,
    start: number,
    target: Uint8Array,
    snoops: PerBoard<boolean>,
  ): Hazard[] {
    const paths = { actual: pathOf(snoops.actual), judged: pathOf(snoops.judged) }
    const hazards: Hazard[] = []
    // Under views in pieces that the host's own cache holds: looking for stores and copying read once.
    const piece = storage.hasViews ? PIECE : target.length
    for (let at = 0; at < target.length; at += piece) {
      const part = target.subarray(at, at + piece)
      const end = start + at + part.length
      this.reconcile(storage, start + at, end)
      hazards.push(...this.#hazards(storage, start + at, end, paths))
      this.#read(storage, start + at, part, paths.actual)
    }
    this.#settle(storage, 'device-load', start, start + target.length)
    return hazards
  }

  /** A device writes `source` at `start`, as the event `writer`. */
  deviceStore(
    storage: Storage,
    start: number,
    source: Uint8Array,
    snoops: PerBoard<boolean>,
    writer: number,
  ): void {
    const end = start + source.length
    this.reconcile(storage, start, end)
    const judged = snoops.judged ? STORE_SNOOPED : STORE_BEHIND
    const actual = this.#storeOp(snoops.actual)
    this.#storeAs(storage, start, source, judged, actual, writer)
    this.#settle(storage, 'device-store', start, end)
  }

  /** Carries a store out: bytes, states, and what live views have to be compared with later. */
  #storeAs(
    storage: Storage,
    start: number,
    source: Uint8Array,
    judged: LineOp,
    actual: LineOp,
    writer: number,
  ): void {
    const end = start + source.length
    const inCache = actual === CPU_STORE || actual === STORE_SNOOPED_TO_CACHE
    if (!inCache && this.#isMostlyCovered(storage, start, end)) this.#moveImage(storage, start, end)
    else this.#saveImage(storage, start, end, isServedByMemory)
    this.#applyStore(storage, start, end, judged, actual, writer)
    this.#write(storage, start, source, inCache ? 'cache' : 'memory')
    if (inCache) this.#saveImage(storage, start, end, isNotServedByMemory)
  }

  #cpuPaths(attribute: MemoryAttribute): PerBoard<Through> {
    if (attribute === 'cached') return { actual: 'cache', judged: 'cache' }
    const { actual, judged } = this.#options.uncachedSnoops
    return { actual: pathOf(actual), judged: pathOf(judged) }
  }

  #cpuStoreOps(attribute: MemoryAttribute): PerBoard<LineOp> {
    if (attribute === 'cached') return { actual: CPU_STORE, judged: CPU_STORE }
    const { actual, judged } = this.#options.uncachedSnoops
    return { actual: this.#storeOp(actual), judged: judged ? STORE_SNOOPED : STORE_BEHIND }
  }

  #storeOp(snooped: boolean): LineOp {
    if (!snooped) return STORE_BEHIND
    return this.#options.policy.snoopedStoreStaysInCache()
      ? STORE_SNOOPED_TO_CACHE
      : STORE_SNOOPED_TO_MEMORY
  }

  /** Reads this run's bytes: a snooped read of an absent line gets what memory holds. */
  #read(storage: Storage, start: number, target: Uint8Array, through: Through): void {
    const end = start + target.length
    if (this.coherent || through === 'memory') {
      target.set(this.#bytes(storage, through).subarray(start, end))
      return
    }
    storage.lines.each(start, end, ({ start: from, end: to, actual }) => {
      const source = presenceOf(actual) === 'absent' ? storage.memory : storage.cached
      target.set(source.subarray(from, to), from - start)
    })
  }

  // --- second homes ----------------------------------------------------------------------------

  /**
   * Bytes of a storage get a second home. What is there does not count as theirs before `copyOut`. The
   * homes have no homes of their own, and two copies do not share bytes.
   */
  link(mirror: Mirror): void {
    if (!this.checked) return
    const { original, start, end, copy, at } = mirror
    this.reconcile(original, start, end)
    this.reconcile(copy, at, at + end - start)
    addMirror(mirror)
    original.lines.each(start, end, (part) => {
      const from = part.start - start + at
      this.#makeOld(copy, from, from + part.end - part.start, part.writer)
    })
  }

  /** The second home goes. Bytes that only it had are lost. */
  unlink(mirror: Mirror): void {
    if (!this.checked) return
    const { original, start, end, copy, at } = mirror
    this.reconcile(original, start, end)
    this.reconcile(copy, at, at + end - start)
    deleteMirror(mirror)
  }

  /** The CPU copies bytes `[start, end)` of the original to the second home. */
  copyOut(mirror: Mirror, start: number, end: number): void {
    assert(mirror.start <= start && end <= mirror.end, 'what is copied is mirrored')
    const to = start - mirror.start + mirror.at
    this.#copyOver(mirror.original, start, end, mirror.copy, to)
  }

  /** The CPU copies the second home of bytes `[start, end)` back to the original. */
  copyBack(mirror: Mirror, start: number, end: number): void {
    assert(mirror.start <= start && end <= mirror.end, 'what is copied is mirrored')
    const by = mirror.at - mirror.start
    this.#copyOver(mirror.copy, start + by, end + by, mirror.original, start)
  }

  /** Copies bytes between homes, through the cache on both sides; what was current there is so here. */
  #copyOver(source: Storage, start: number, end: number, target: Storage, to: number): void {
    this.reconcile(source, start, end)
    this.reconcile(target, to, to + end - start)
    this.#apply(source, start, end, CPU_LOAD, CPU_LOAD)
    this.#applyCopy(source, start, end, target, to)
    this.#write(target, to, source.cached.subarray(start, end), 'cache')
    this.#saveImage(target, to, to + end - start, isNotServedByMemory)
    this.#settle(source, 'cpu', start, end)
    this.#settle(target, 'cpu', to, to + end - start)
  }

  #applyCopy(source: Storage, start: number, end: number, target: Storage, to: number): void {
    if (!this.checked || start >= end) return
    const { tables } = this.#options
    const last = to + end - start
    const { beside } = tables.of(COPIED_EITHER)
    const besides = this.coherent ? undefined : COPIED_EITHER
    this.#advance(target, this.#lineStart(to), to, beside, besides, 'beside')
    source.lines.each(start, end, (part) => {
      const judged = copyFrom(part.possible)
      const actual = isCacheViewCurrent(part.actual) ? COPIED_CURRENT : COPIED_OLD
      const here = this.coherent ? onCoherent(actual) : actual
      const [from, until] = [part.start - start + to, part.end - start + to]
      const { inside } = tables.of(judged)
      this.#advance(target, from, until, inside, here, 'inside', part.writer)
    })
    this.#advance(target, last, this.#lineEnd(target, last), beside, besides, 'beside')
  }

  /** A store in one home makes the same bytes old in all others. */
  #makeOthersOld(storage: Storage, start: number, end: number, writer: number): void {
    for (const home of storage.mirrors?.others(start, end) ?? []) {
      this.#makeOld(home.storage, home.start, home.end, writer)
    }
  }

  #makeOld(storage: Storage, start: number, end: number, writer: number): void {
    this.#keepServed(storage, start, end)
    this.#apply(storage, start, end, STORED_ELSEWHERE, STORED_ELSEWHERE, writer)
  }

  /** Memory tells what views were compared with until now; it is about not to count as telling. */
  #keepServed(storage: Storage, start: number, end: number): void {
    if (this.coherent || !storage.hasViews) return
    storage.lines.each(start, end, (interval) => {
      if (!isServedByMemory(interval.actual)) return
      storage.image ??= new Uint8Array(storage.size)
      copy(storage.image, storage.memory, interval.start, interval.end)
    })
  }

  // --- cache maintenance -----------------------------------------------------------------------

  /**
   * Cleans or invalidates the lines of a range, on this run's board and on the judged one; each may
   * have nothing to do.
   */
  maintain(storage: Storage, start: number, end: number, ops: PerBoard<CacheOp | undefined>): void {
    if (!this.checked) return
    const onlyCleans = ops.judged === 'clean' && (this.coherent || ops.actual === 'clean')
    this.reconcile(storage, start, end, onlyCleans ? 'block' : 'line')
    const { edges } = this.#options
    for (const part of this.#parts(start, end, ops.judged, edges.judged)) {
      this.#apply(storage, part.start, part.end, part.op, undefined)
    }
    if (this.coherent) return
    for (const part of this.#parts(start, end, ops.actual, edges.actual)) {
      this.#applyActual(storage, part.start, part.end, part.op)
    }
    if (ops.actual !== undefined) this.#settle(storage, 'maintenance', start, end)
  }

  #parts(
    start: number,
    end: number,
    op: CacheOp | undefined,
    edges: EdgeLines,
  ): { op: LineOp; start: number; end: number }[] {
    if (op === undefined || start >= end) return []
    if (op === 'clean') return [{ op: CLEAN, start, end }]
    if (edges === 'invalidate') return [{ op: INVALIDATE, start, end }]
    const firstWhole = Math.ceil(start / this.lineSize) * this.lineSize
    const lastWhole = end - (end % this.lineSize)
    if (firstWhole >= lastWhole) return [{ op: CLEAN_INVALIDATE, start, end }]
    return [
      { op: CLEAN_INVALIDATE, start, end: firstWhole },
      { op: INVALIDATE, start: firstWhole, end: lastWhole },
      { op: CLEAN_INVALIDATE, start: lastWhole, end },
    ].filter((part) => part.start < part.end)
  }

  // --- the three things every access does ------------------------------------------------------

  #hazards(storage: Storage, start: number, end: number, paths: ReadPaths): Hazard[] {
    if (!this.checked) return []
    return hazardsOf(storage, start, end, paths)
  }

  /** A store: the bytes' other homes, where they have any, are old from now on. */
  #applyStore(
    storage: Storage,
    start: number,
    end: number,
    judged: LineOp,
    actual: LineOp,
    writer: number,
  ): void {
    this.#apply(storage, start, end, judged, actual, writer)
    if (storage.mirrors !== undefined) this.#makeOthersOld(storage, start, end, writer)
  }

  /** Advances possible and actual states over whole lines, moving bytes as this run's board would. */
  #apply(
    storage: Storage,
    start: number,
    end: number,
    judged: LineOp,
    actual: LineOp | undefined,
    writer?: number,
  ): void {
    if (!this.checked || start >= end) return
    const table = this.#options.tables.of(judged)
    const here = this.coherent ? onCoherent(actual) : actual
    const from = this.#lineStart(start)
    const to = this.#lineEnd(storage, end)
    this.#advance(storage, from, start, table.beside, here, 'beside')
    this.#advance(storage, start, end, table.inside, here, 'inside', writer)
    this.#advance(storage, end, to, table.beside, here, 'beside')
  }

  #advance(
    storage: Storage,
    start: number,
    end: number,
    table: OpTable['inside'],
    actual: LineOp | undefined,
    where: 'inside' | 'beside',
    writer?: number,
  ): void {
    storage.lines.update(start, end, (interval) => {
      interval.possible = table[interval.possible] as number
      if (writer !== undefined) interval.writer = writer
      if (actual !== undefined) stepActual(storage, interval, actual, where)
    })
  }

  /** Something that only this run's hardware does; the possible states allow for it already. */
  #applyActual(storage: Storage, start: number, end: number, op: LineOp): void {
    const from = this.#lineStart(start)
    const to = this.#lineEnd(storage, end)
    storage.lines.update(from, to, (interval) => stepActual(storage, interval, op, 'inside'))
  }

  /**
   * Lets the policy act after an operation on `[from, to)`, and keeps the lines under live views filled:
   * loads there are not seen. A storage of copies belongs to many: there it acts on these lines alone.
   */
  #settle(storage: Storage, moment: Moment, from: number, to: number): void {
    if (this.coherent || !this.checked) return
    const shared = storage.mirrors?.holdsCopies === true
    const first = shared ? this.#lineStart(from) : 0
    const size = shared ? this.#lineEnd(storage, to) - first : storage.size
    if (size === 0) return
    for (const action of this.#options.policy.act(moment, size)) {
      const { op } = action
      const [start, end] = [first + action.start, first + action.end]
      this.reconcile(storage, start, end)
      if (op === PREFETCH) this.#fill(storage, start, end)
      else this.#applyActual(storage, start, end, op)
    }
    for (const view of storage.views) this.#fill(storage, view.start, view.end)
  }

  /** Fills absent lines: under a live view nobody would see a load do it. */
  #fill(storage: Storage, start: number, end: number): void {
    if (this.coherent || !this.checked) return
    const absent: Run[] = []
    storage.lines.each(this.#lineStart(start), this.#lineEnd(storage, end), (interval) => {
      if (presenceOf(interval.actual) === 'absent') {
        absent.push({ start: interval.start, end: interval.end })
      }
    })
    for (const run of absent) {
      this.#applyActual(storage, run.start, run.end, PREFETCH)
      this.#saveImage(storage, run.start, run.end, isNotServedByMemory)
    }
  }

  #saveLines(storage: Storage, start: number, end: number): void {
    const from = this.#lineStart(start)
    this.#saveImage(storage, from, this.#lineEnd(storage, end), isNotServedByMemory)
  }

  // --- bytes -----------------------------------------------------------------------------------

  /** The array that a CPU mapping with such an attribute shows. */
  arrayFor(storage: Storage, attribute: MemoryAttribute): Uint8Array<ArrayBuffer> {
    if (this.coherent || attribute === 'cached') return storage.cached
    storage.memoryIsShown = true
    return storage.memory
  }

  #bytes(storage: Storage, through: Through): Uint8Array {
    return this.coherent || through === 'cache' ? storage.cached : storage.memory
  }

  #write(storage: Storage, start: number, source: Uint8Array, through: Through): void {
    if (!this.coherent) {
      this.#bytes(storage, through).set(source, start)
      return
    }
    storage.cached.set(source, start)
    if (this.checked) storage.memory.set(source, start)
  }

  /** What a view showed at an interval before anybody stored through it. */
  #imageFor(storage: Storage, { actual }: Interval): Uint8Array {
    if (this.coherent || isServedByMemory(actual)) return storage.memory
    return storage.image ?? storage.memory
  }

  /** Keeps what the cache shows now, in the intervals where memory does not or soon will not tell. */
  #saveImage(
    storage: Storage,
    start: number,
    end: number,
    where: (state: LineState) => boolean,
  ): void {
    if (this.coherent || !this.checked || !storage.hasViews) return
    storage.lines.each(start, end, (interval) => {
      if (!where(interval.actual)) return
      storage.image ??= new Uint8Array(storage.size)
      copy(storage.image, storage.cached, interval.start, interval.end)
    })
  }

  /** Whether memory everywhere tells what the cache shows, and is about to change nearly everywhere. */
  #isMostlyCovered(storage: Storage, start: number, end: number): boolean {
    if (this.coherent || !storage.hasViews || storage.memoryIsShown) return false
    if ((end - start) * 2 < storage.size) return false
    let served = true
    storage.lines.each(0, storage.size, ({ actual }) => {
      served &&= isServedByMemory(actual)
    })
    return served
  }

  /** The bytes of memory become the image, without a copy but of what is not about to change. */
  #moveImage(storage: Storage, start: number, end: number): void {
    const image = storage.memory
    storage.memory = storage.image ?? new Uint8Array(storage.size)
    storage.image = image
    copy(storage.memory, image, 0, start)
    copy(storage.memory, image, end, storage.size)
  }

  #lineStart(at: number): number {
    return at - (at % this.lineSize)
  }

  #lineEnd(storage: Storage, at: number): number {
    return Math.min(storage.size, Math.ceil(at / this.lineSize) * this.lineSize)
  }
}

/** What copying does to the target, told from the states that the source may be in. */
function copyFrom(possible: StateSet): LineOp {
  const mayBeOld = (possible & STALE_THROUGH_CACHE) !== 0
  const mayBeCurrent = (possible & ~STALE_THROUGH_CACHE) !== 0
  if (mayBeOld && mayBeCurrent) return COPIED_EITHER
  return mayBeOld ? COPIED_OLD : COPIED_CURRENT
}

function viewOver(storage: Storage, range: Run): LiveView {
  let latest: LiveView | undefined
  for (const view of storage.views) {
    if (view.start < range.end && view.end > range.start) latest = view
  }
  return latest ?? ([...storage.views][0] as LiveView)
}

function stepActual(
  storage: Storage,
  interval: Interval,
  op: LineOp,
  where: 'inside' | 'beside',
): void {
  const move = where === 'inside' ? op.movesInside : op.movesBeside
  moveBytes(storage, interval, move)
  const step = where === 'inside' ? op.inside : op.beside
  interval.actual = step(interval.actual)[0] as number
}

function moveBytes(storage: Storage, { start, end, actual }: Interval, move: Move): void {
  const presence = presenceOf(actual)
  if (move === 'fill' && presence === 'absent') copy(storage.cached, storage.memory, start, end)
  if (move === 'write-back' && presence === 'dirty')
    copy(storage.memory, storage.cached, start, end)
}

function copy(target: Uint8Array, source: Uint8Array, start: number, end: number): void {
  target.set(source.subarray(start, end), start)
}
