/**
 * The machine's memory and caches: every agent's access to a storage, and every cache operation.
 *
 * Each call does three things alike: it moves the bytes that this run's board would move, it
 * advances the state of each byte in this run, and it advances the set of its possible states on
 * legal hardware of the judged board. The last decides the verdict, the first two the visible
 * bytes. First of all it looks for stores through live arrays, so that they count as earlier.
 */
import type { CacheOp, Hazard, MemoryAttribute } from '../events/event.ts'
import { AccessOps, endsInCache } from './access-ops.ts'
import { Cache } from './cache.ts'
import { equalBytes, type Grain, type Run } from './changed-runs.ts'
import { Hardware } from './hardware.ts'
import { hazardsOf, loadLastStored, type ReadPaths } from './hazards.ts'
import { Homes } from './homes.ts'
import { CPU_LOAD, CPU_STORE, type LineOp } from './line-op.ts'
import { type EdgeLines, maintenanceParts } from './maintenance.ts'
import type { MemoryOptions } from './memory-options.ts'
import type { Mirror } from './mirror.ts'
import type { PerBoard } from './per-board.ts'
import type { LiveView, Storage } from './storage.ts'
import { Views } from './views.ts'

export type { EdgeLines } from './maintenance.ts'
export type { PerBoard } from './per-board.ts'

/** Bytes that are worked on at once where several passes go over them. */
const PIECE: number = 256 * 1024

export class Memory {
  readonly lineSize: number
  readonly coherent: boolean
  readonly checked: boolean
  readonly #edges: PerBoard<EdgeLines>
  readonly #cache: Cache
  readonly #accesses: AccessOps
  readonly #views: Views
  readonly #hardware: Hardware
  readonly #homes: Homes

  constructor(options: MemoryOptions) {
    this.lineSize = options.lineSize
    this.coherent = options.coherent
    this.checked = options.checked
    this.#edges = options.edges
    this.#cache = new Cache(options)
    this.#accesses = new AccessOps(options.uncachedSnoops, options.policy)
    this.#views = new Views({
      ...options,
      cache: this.#cache,
      accesses: this.#accesses,
      equal: options.equal ?? equalBytes,
    })
    this.#hardware = new Hardware(this.#cache, this.#views, options.policy)
    this.#homes = new Homes({
      cache: this.#cache,
      views: this.#views,
      hardware: this.#hardware,
      judgedCoherent: options.judgedCoherent ?? false,
    })
  }

  // --- CPU access, seen exactly ---------------------------------------------------------------

  /** Loads `target.length` bytes at `start`; returns the hazards. */
  cpuLoad(
    storage: Storage,
    start: number,
    target: Uint8Array,
    attribute: MemoryAttribute,
  ): Hazard[] {
    const range = { start, end: start + target.length }
    const hazards = this.cpuHazards(storage, range.start, range.end, attribute)
    if (attribute === 'cached') this.#cache.apply(storage, range, both(CPU_LOAD))
    this.#cache.read(storage, start, target, this.#accesses.cpuLoad(attribute).actual)
    this.#hardware.settle(storage, 'cpu', range)
    return hazards
  }

  /** The hazards of a CPU load of the range through such a mapping; changes no line. */
  cpuHazards(storage: Storage, start: number, end: number, attribute: MemoryAttribute): Hazard[] {
    this.reconcile(storage, start, end)
    return this.#hazards(storage, { start, end }, this.#accesses.cpuLoad(attribute))
  }

  /** Stores `source` at `start`, as the event `writer`. */
  cpuStore(
    storage: Storage,
    start: number,
    source: Uint8Array,
    attribute: MemoryAttribute,
    writer: number,
  ): void {
    const range = { start, end: start + source.length }
    this.reconcile(storage, range.start, range.end)
    this.#storeAs(storage, range, source, this.#accesses.cpuStore(attribute), writer)
    this.#hardware.settle(storage, 'cpu', range)
  }

  /** Fills the range with one byte through the cache, as the kernel zeroes pages. */
  cpuFill(storage: Storage, start: number, end: number, value: number, writer: number): void {
    this.reconcile(storage, start, end)
    this.#cache.applyStore(storage, { start, end }, both(CPU_STORE), writer)
    this.#cache.images.beforeBytesChange(storage, { start, end })
    storage.cached.fill(value, start, end)
    if (this.coherent) storage.image?.fill(value, start, end)
    this.#cache.images.save(storage, start, end)
    this.#hardware.settle(storage, 'cpu', { start, end })
  }

  // --- CPU access through arrays ---------------------------------------------------------------

  /** Before an array over a range of a cached mapping is handed out: see Views.prepare. */
  prepareView(
    storage: Storage,
    range: Run,
    how: { scope: LiveView['scope']; writeOnly: boolean },
  ): void {
    this.#views.prepare(storage, range, how)
  }

  /** Looks for stores through the array from now on, which is one of `arrayFor`. */
  handOut(storage: Storage, view: LiveView): void {
    this.#views.handOut(storage, view)
  }

  /** The array that a CPU mapping with such an attribute shows, all of the storage. */
  arrayFor(storage: Storage, attribute: MemoryAttribute): Uint8Array<ArrayBuffer> {
    return this.coherent || attribute === 'cached' ? storage.cached : storage.memory
  }

  /**
   * The arrays may not be used any more: they end as unmapped memory would, unless another one stands
   * on the same bytes. Stores through them are looked for one last time, or from then on as of ended ones.
   */
  endViews(storage: Storage, views: readonly LiveView[]): void {
    this.#views.end(storage, views)
  }

  /** Finds the stores that went through arrays after their end, where their memory was left in place. */
  lookAtDeadArrays(): void {
    this.#views.lookAtDead()
  }

  /** Finds the stores that went through live arrays since it was last asked, and applies them. */
  reconcile(storage: Storage, start: number, end: number, grain: Grain = 'word'): void {
    this.#views.reconcile(storage, start, end, grain)
  }

  // --- devices ---------------------------------------------------------------------------------

  /** A device reads `target.length` bytes at `start`; returns the hazards. */
  deviceLoad(
    storage: Storage,
    start: number,
    target: Uint8Array,
    snoops: PerBoard<boolean>,
  ): Hazard[] {
    const paths = this.#accesses.deviceLoad(snoops)
    const hazards: Hazard[] = []
    // Under views in pieces that the host's own cache holds: looking for stores and copying read once.
    const piece = storage.hasViews ? PIECE : target.length
    for (let at = 0; at < target.length; at += piece) {
      const part = target.subarray(at, at + piece)
      const range = { start: start + at, end: start + at + part.length }
      this.reconcile(storage, range.start, range.end)
      hazards.push(...this.#hazards(storage, range, paths))
      this.#cache.read(storage, range.start, part, paths.actual)
    }
    this.#hardware.settle(storage, 'device-load', { start, end: start + target.length })
    return hazards
  }

  /** The bytes that a device would read on a coherent machine; see `loadLastStored`. */
  expected(storage: Storage, start: number, target: Uint8Array): void {
    loadLastStored(storage, start, target)
  }

  /** A device writes `source` at `start`, as the event `writer`. */
  deviceStore(
    storage: Storage,
    start: number,
    source: Uint8Array,
    snoops: PerBoard<boolean>,
    writer: number,
  ): void {
    const range = { start, end: start + source.length }
    this.reconcile(storage, range.start, range.end)
    this.#storeAs(storage, range, source, this.#accesses.deviceStore(snoops), writer)
    this.#hardware.settle(storage, 'device-store', range)
  }

  // --- second homes ----------------------------------------------------------------------------

  /**
   * Bytes of a storage get a second home, whose content does not count before `copyOut`. A home has
   * no second home itself, and two copies do not share bytes.
   */
  link(mirror: Mirror): void {
    this.#homes.link(mirror)
  }

  /** The second home goes. Bytes that only it had are lost. */
  unlink(mirror: Mirror): void {
    this.#homes.unlink(mirror)
  }

  /**
   * All of these mirrors are copied out next, each whole, with nothing in between. If no other home
   * of the bytes stays behind, and every access is coherent, stores are found by blocks: a word
   * without a store is the same before and after, but for the event that counts as its last store.
   */
  expectCopiesOut(mirrors: readonly Mirror[]): void {
    this.#homes.expectCopiesOut(mirrors)
  }

  /** The CPU copies bytes `[start, end)` of the original to the second home. */
  copyOut(mirror: Mirror, start: number, end: number): void {
    this.#homes.copyOut(mirror, start, end)
  }

  /** The CPU copies the second home of bytes `[start, end)` of the original back. */
  copyBack(mirror: Mirror, start: number, end: number): void {
    this.#homes.copyBack(mirror, start, end)
  }

  // --- cache maintenance -----------------------------------------------------------------------

  /**
   * Cleans or invalidates the lines of a range, on this run's board and on the judged one; each may
   * have nothing to do.
   */
  maintain(storage: Storage, start: number, end: number, ops: PerBoard<CacheOp | undefined>): void {
    if (!this.checked) return
    const range = { start, end }
    const onlyCleans = ops.judged === 'clean' && (this.coherent || ops.actual === 'clean')
    this.reconcile(storage, start, end, onlyCleans ? 'block' : 'word')
    const judged = maintenanceParts(range, ops.judged, this.#edges.judged, this.lineSize)
    for (const part of judged) {
      this.#cache.apply(storage, part, { judged: part.op, actual: undefined })
    }
    if (this.coherent) return
    const actual = maintenanceParts(range, ops.actual, this.#edges.actual, this.lineSize)
    for (const part of actual) this.#maintainActual(storage, part, part.op)
    if (ops.actual !== undefined) this.#hardware.settle(storage, 'maintenance', range)
  }

  #maintainActual(storage: Storage, part: Run, op: LineOp): void {
    const refilled = storage.memoryViews.size === 0 && this.#cache.isUnderView(storage, part)
    if (refilled) this.#cache.applyUnderView(storage, part, op)
    else this.#cache.applyActual(storage, part, op)
  }

  // --- common parts of accesses ----------------------------------------------------------------

  #hazards(storage: Storage, { start, end }: Run, paths: ReadPaths): Hazard[] {
    return this.checked ? hazardsOf(storage, start, end, paths) : []
  }

  /** Carries a store out: bytes, states, and the images for later comparison. */
  #storeAs(
    storage: Storage,
    range: Run,
    source: Uint8Array,
    ops: PerBoard<LineOp>,
    writer: number,
  ): void {
    const { start, end } = range
    const { images } = this.#cache
    const inCache = endsInCache(ops.actual)
    if (!inCache) images.beforeMemoryChanges(storage, start, end)
    this.#cache.applyStore(storage, range, ops, writer)
    images.beforeBytesChange(storage, range)
    this.#cache.write(storage, start, source, inCache ? 'cache' : 'memory')
    if (inCache) images.save(storage, start, end)
  }
}

function both(op: LineOp): PerBoard<LineOp> {
  return { actual: op, judged: op }
}
