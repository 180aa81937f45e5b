/**
 * Cache lines that two live mappings share: cache maintenance for one may undo the writes of the
 * other's device. Mappings that only read (to-device) do not count, nor do those that overlap by
 * design: of one dma-buf, and an exporter's of its memory beside those for its importers, which
 * every GPU, codec and videobuf2 driver has. The kernel prints its message for the latter too, in
 * vain.
 *
 * The kernel looks at the first line of each segment only (active_cacheline_insert in
 * kernel/dma/debug.c of Linux 6.12); here every line counts, so that neighbours in one page are
 * found in any order.
 */
import type { Storage } from '../../../machine/storage.ts'
import { IntervalIndex } from '../interval-index.ts'
import type { DmaMapping } from '../mapping.ts'
import type { Problem } from './problem.ts'

/** ACTIVE_CACHELINE_MAX_OVERLAP. */
const MOST_OVERLAPS = 7

/** The mappings of one storage. While all are of one dma-buf, their places do not matter. */
interface Tracked {
  readonly buffer: number
  readonly mappings: Set<DmaMapping>
  lines: IntervalIndex<DmaMapping> | undefined
}

export class Overlaps {
  readonly #lineSize: number
  readonly #tracked = new WeakMap<Storage, Tracked>()
  readonly #exceeded = new Set<number>()

  constructor(lineSize: number) {
    this.#lineSize = lineSize
  }

  /** Enters a mapping; returns the kernel's message about it. */
  add(mapping: DmaMapping): Problem[] {
    if (mapping.direction === 'to-device') return []
    const others = new Set<DmaMapping>()
    for (const { storage } of distinct(mapping)) this.#find(storage, mapping, others)
    for (const { storage } of distinct(mapping)) this.#enter(storage, mapping)
    return this.#problems(mapping, others)
  }

  delete(mapping: DmaMapping): void {
    if (mapping.direction === 'to-device') return
    for (const { storage } of distinct(mapping)) {
      const tracked = this.#tracked.get(storage)
      tracked?.mappings.delete(mapping)
      if (tracked?.lines === undefined) continue
      for (const { start, end } of this.#linesOf(mapping, storage)) {
        tracked.lines.remove(start, end, mapping)
      }
    }
  }

  #problems(mapping: DmaMapping, others: ReadonlySet<DmaMapping>): Problem[] {
    const [first] = others
    if (first === undefined) return []
    const against = first.mapped
    const problems: Problem[] = []
    if (others.size > MOST_OVERLAPS && !this.#exceeded.has(mapping.buffer)) {
      this.#exceeded.add(mapping.buffer)
      const text = `exceeded ${MOST_OVERLAPS} overlapping mappings of cacheline`
      problems.push({ code: 'too-many-overlaps', text, against })
    }
    if (!mapping.skipCpuSync) {
      const text = "cacheline tracking EEXIST, overlapping mappings aren't supported"
      problems.push({ code: 'overlapping-lines', text, against })
    }
    return problems
  }

  #find(storage: Storage, mapping: DmaMapping, others: Set<DmaMapping>): void {
    const tracked = this.#tracked.get(storage)
    if (tracked === undefined) return
    const lines = this.#indexed(storage, tracked, mapping)
    if (lines === undefined) return
    for (const { start, end } of this.#linesOf(mapping, storage)) {
      lines.each(start, end, (other) => {
        if (!this.#byDesign(mapping, other)) others.add(other)
      })
    }
  }

  /** Whether one owner maps both times, and can keep the two in step. */
  #byDesign(one: DmaMapping, other: DmaMapping): boolean {
    const isBuffer = one.buffer > 0 || other.buffer > 0
    if (isBuffer && one.buffer === other.buffer) return true
    if (!isBuffer || one.driver.name !== other.driver.name) return false
    return this.#isOfWholeLines(one) && this.#isOfWholeLines(other)
  }

  /** No line of it has bytes beside the mapping's. */
  #isOfWholeLines({ table }: DmaMapping): boolean {
    const size = this.#lineSize
    return table.runs.every(({ offset, length }) => offset % size === 0 && length % size === 0)
  }

  /** The index, made when a mapping comes that may overlap. */
  #indexed(
    storage: Storage,
    tracked: Tracked,
    mapping: DmaMapping,
  ): IntervalIndex<DmaMapping> | undefined {
    if (tracked.lines !== undefined) return tracked.lines
    if (tracked.mappings.size === 0) return undefined
    if (tracked.buffer === mapping.buffer && mapping.buffer > 0) return undefined
    tracked.lines = new IntervalIndex()
    for (const known of tracked.mappings) this.#index(tracked.lines, storage, known)
    return tracked.lines
  }

  #enter(storage: Storage, mapping: DmaMapping): void {
    let tracked = this.#tracked.get(storage)
    // Frames whose last mapping is gone may have a new owner.
    if (tracked === undefined || tracked.mappings.size === 0) {
      tracked = { buffer: mapping.buffer, mappings: new Set(), lines: undefined }
      this.#tracked.set(storage, tracked)
    }
    tracked.mappings.add(mapping)
    if (tracked.lines !== undefined) this.#index(tracked.lines, storage, mapping)
  }

  #index(lines: IntervalIndex<DmaMapping>, storage: Storage, mapping: DmaMapping): void {
    for (const { start, end } of this.#linesOf(mapping, storage)) lines.add(start, end, mapping)
  }

  /** The whole lines of the storage that the mapping touches. */
  *#linesOf(mapping: DmaMapping, storage: Storage): Generator<{ start: number; end: number }> {
    const size = this.#lineSize
    for (const run of mapping.table.runs) {
      if (run.storage !== storage) continue
      const start = Math.floor(run.offset / size) * size
      yield { start, end: Math.ceil((run.offset + run.length) / size) * size }
    }
  }
}

/** One run for each storage of the mapping. */
function* distinct({ table }: DmaMapping): Generator<{ storage: Storage }> {
  const seen = new Set<Storage>()
  for (const { storage } of table.runs) {
    if (seen.has(storage)) continue
    seen.add(storage)
    yield { storage }
  }
}
