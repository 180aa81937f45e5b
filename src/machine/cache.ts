/**
 * The effects of operations on the lines of a storage: they move the bytes as this run's board
 * would, and advance the state of each byte in this run and the set of its possible states on legal
 * hardware of the judged board. This file knows neither agents nor arrays.
 */
import type { Run } from './changed-runs.ts'
import type { Through } from './hazards.ts'
import { Images, isServedByMemory } from './images.ts'
import type { Interval } from './line-map.ts'
import {
  COPIED_CURRENT,
  COPIED_EITHER,
  COPIED_OLD,
  type LineOp,
  type Move,
  onCoherent,
  PREFETCH,
  STORED_ELSEWHERE,
} from './line-op.ts'
import { isCacheViewCurrent, presenceOf, STALE_THROUGH_CACHE, type StateSet } from './line-state.ts'
import type { OpTable, StateTables } from './state-table.ts'
import type { Storage } from './storage.ts'

export interface CacheOptions {
  /** Whether this run's board keeps every access coherent, so that one copy of the bytes is enough. */
  readonly coherent: boolean
  /** Whether states are kept and stores looked for; without, only bytes move. */
  readonly checked: boolean
  readonly lineSize: number
  readonly tables: StateTables
}

/** An operation as each board sees it; undefined: nothing happens there. */
export interface Ops {
  readonly actual: LineOp | undefined
  readonly judged: LineOp
}

export class Cache {
  readonly coherent: boolean
  readonly checked: boolean
  readonly lineSize: number
  readonly images: Images
  readonly #tables: StateTables

  constructor({ coherent, checked, lineSize, tables }: CacheOptions) {
    this.coherent = coherent
    this.checked = checked
    this.lineSize = lineSize
    this.images = new Images({ checked, coherent })
    this.#tables = tables
  }

  // --- states ----------------------------------------------------------------------------------

  /** Advances possible and actual states over whole lines, moving bytes as this run's board would. */
  apply(storage: Storage, { start, end }: Run, ops: Ops, writer?: number): void {
    if (!this.checked || start >= end) return
    const table = this.#tables.of(ops.judged)
    const here = this.#here(ops.actual)
    const lines = this.linesOf(storage, start, end)
    this.#advance(storage, { start: lines.start, end: start }, table.beside, here, 'beside')
    this.#advance(storage, { start, end }, table.inside, here, 'inside', writer)
    this.#advance(storage, { start: end, end: lines.end }, table.beside, here, 'beside')
  }

  /** A store: the bytes' other homes, where they have any, are old from now on. */
  applyStore(storage: Storage, range: Run, ops: Ops, writer: number): void {
    this.apply(storage, range, ops, writer)
    if (!this.checked || storage.mirrors === undefined) return
    for (const home of storage.mirrors.others(range.start, range.end)) {
      this.makeOld(home.storage, home, writer)
    }
  }

  /** The last store to these bytes, `writer`, is in another home. */
  makeOld(storage: Storage, { start, end }: Run, writer: number): void {
    this.images.keepServed(storage, start, end)
    this.apply(
      storage,
      { start, end },
      { actual: STORED_ELSEWHERE, judged: STORED_ELSEWHERE },
      writer,
    )
  }

  /** The states at `to` after bytes of another home were copied there through the cache. */
  applyCopy(source: Storage, { start, end }: Run, target: Storage, to: number): void {
    if (!this.checked || start >= end) return
    const last = to + end - start
    const lines = this.linesOf(target, to, last)
    const { beside } = this.#tables.of(COPIED_EITHER)
    const here = this.#here(COPIED_EITHER)
    this.#advance(target, { start: lines.start, end: to }, beside, here, 'beside')
    source.lines.each(start, end, (part) => {
      const moved = { start: part.start - start + to, end: part.end - start + to }
      const actual = isCacheViewCurrent(part.actual) ? COPIED_CURRENT : COPIED_OLD
      const { inside } = this.#tables.of(copyFrom(part.possible))
      this.#advance(target, moved, inside, this.#here(actual), 'inside', part.writer)
    })
    this.#advance(target, { start: last, end: lines.end }, beside, here, 'beside')
  }

  /** Something that only this run's hardware does; the possible states allow for it already. */
  applyActual(storage: Storage, { start, end }: Run, op: LineOp): void {
    const lines = this.linesOf(storage, start, end)
    storage.lines.update(lines.start, lines.end, (interval) =>
      stepActual(storage, interval, op, 'inside'),
    )
  }

  /**
   * As `applyActual`, under an array over all of the range: evicted lines are fetched again at
   * once. Stores through arrays must be known, so that copies which are both current are equal.
   */
  applyUnderView(storage: Storage, { start, end }: Run, op: LineOp): void {
    const lines = this.linesOf(storage, start, end)
    storage.lines.update(lines.start, lines.end, (interval) => {
      const isEqual = isServedByMemory(interval.actual)
      stepActual(storage, interval, op, 'inside')
      if (!isEqual) moveBytes(storage, interval, PREFETCH.movesInside)
      interval.actual = PREFETCH.inside(interval.actual)[0] as number
    })
    this.images.save(storage, lines.start, lines.end)
  }

  /** Whether some array stands on every line of the range. */
  isUnderView(storage: Storage, { start, end }: Run): boolean {
    const lines = this.linesOf(storage, start, end)
    for (const view of storage.views) {
      const shown = this.linesOf(storage, view.start, view.end)
      if (shown.start <= lines.start && lines.end <= shown.end) return true
    }
    return false
  }

  /** Fills absent lines: a load through a live array would fill them unobserved. */
  fill(storage: Storage, range: Run): void {
    if (this.coherent || !this.checked) return
    const absent: Run[] = []
    const lines = this.linesOf(storage, range.start, range.end)
    storage.lines.each(lines.start, lines.end, ({ actual, start, end }) => {
      if (presenceOf(actual) === 'absent') absent.push({ start, end })
    })
    for (const run of absent) {
      this.applyActual(storage, run, PREFETCH)
      this.images.save(storage, run.start, run.end)
    }
  }

  #here(actual: LineOp | undefined): LineOp | undefined {
    return this.coherent ? onCoherent(actual) : actual
  }

  #advance(
    storage: Storage,
    { start, end }: Run,
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

  // --- bytes -----------------------------------------------------------------------------------

  /** Reads this run's bytes: a snooped read of an absent line gets the memory's content. */
  read(storage: Storage, start: number, target: Uint8Array, through: Through): void {
    const end = start + target.length
    if (this.coherent || through === 'memory') {
      const bytes = this.coherent ? storage.cached : storage.memory
      target.set(bytes.subarray(start, end))
      return
    }
    storage.lines.each(start, end, ({ start: from, end: to, actual }) => {
      const source = presenceOf(actual) === 'absent' ? storage.memory : storage.cached
      target.set(source.subarray(from, to), from - start)
    })
  }

  write(storage: Storage, start: number, source: Uint8Array, through: Through): void {
    if (this.coherent) {
      storage.cached.set(source, start)
      storage.image?.set(source, start)
    } else if (through === 'cache') {
      storage.cached.set(source, start)
    } else {
      storage.memory.set(source, start)
      storage.memoryImage?.set(source, start)
    }
  }

  /** The lines of a range that some of `runs` touch, in order and without overlap. */
  linesUnder(storage: Storage, runs: Iterable<Run>, start: number, end: number): Run[] {
    const all = this.linesOf(storage, start, end)
    const lines = [...runs]
      .map((run) =>
        this.linesOf(storage, Math.max(run.start, all.start), Math.min(run.end, all.end)),
      )
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

  /**
   * Whether a home at `shift` can hold the last content of arrays, once the CPU has copied the
   * range: see Twin.
   */
  canBeTwin(storage: Storage, { start, end }: Run, shift: number): boolean {
    if (!this.coherent || !this.checked || shift < 0) return false
    return [...storage.views].every((view) => {
      const lines = this.linesOf(storage, view.start, view.end)
      return start <= lines.start && lines.end <= end
    })
  }

  /** The whole lines that a range touches. */
  linesOf(storage: Storage, start: number, end: number): Run {
    const { lineSize } = this
    return {
      start: start - (start % lineSize),
      end: Math.min(storage.size, Math.ceil(end / lineSize) * lineSize),
    }
  }
}

/** The effect of a copy on the target, from the possible states of the source. */
function copyFrom(possible: StateSet): LineOp {
  const mayBeOld = (possible & STALE_THROUGH_CACHE) !== 0
  const mayBeCurrent = (possible & ~STALE_THROUGH_CACHE) !== 0
  if (mayBeOld && mayBeCurrent) return COPIED_EITHER
  return mayBeOld ? COPIED_OLD : COPIED_CURRENT
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
  if (move === 'fill' && presence === 'absent') {
    storage.cached.set(storage.memory.subarray(start, end), start)
  }
  if (move === 'write-back' && presence === 'dirty') {
    const bytes = storage.cached.subarray(start, end)
    storage.memory.set(bytes, start)
    storage.memoryImage?.set(bytes, start)
  }
}
