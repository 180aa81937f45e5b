/** Second homes of bytes (mirror.ts): linking them, and the CPU's copies between them. */
import type { Cache } from './cache.ts'
import type { Run } from './changed-runs.ts'
import type { Hardware } from './hardware.ts'
import { assert } from './kernel-error.ts'
import { CPU_LOAD } from './line-op.ts'
import { addMirror, deleteMirror, type Mirror } from './mirror.ts'
import type { Storage } from './storage.ts'
import { dropTwin } from './twin.ts'
import type { Views } from './views.ts'

export interface HomesParts {
  readonly cache: Cache
  readonly views: Views
  readonly hardware: Hardware
  readonly judgedCoherent: boolean
}

export class Homes {
  readonly #cache: Cache
  readonly #views: Views
  readonly #hardware: Hardware
  readonly #judgedCoherent: boolean

  constructor({ cache, views, hardware, judgedCoherent }: HomesParts) {
    this.#cache = cache
    this.#views = views
    this.#hardware = hardware
    this.#judgedCoherent = judgedCoherent
  }

  link(mirror: Mirror): void {
    if (!this.#cache.checked) return
    const { original, start, end, copy, at } = mirror
    this.#reconcile(mirror)
    addMirror(mirror)
    original.lines.each(start, end, (part) => {
      const from = part.start - start + at
      const place = { start: from, end: from + part.end - part.start }
      this.#cache.makeOld(copy, place, part.writer)
    })
  }

  unlink(mirror: Mirror): void {
    if (!this.#cache.checked) return
    this.#reconcile(mirror)
    if (mirror.original.twin?.copy === mirror.copy) dropTwin(mirror.original)
    deleteMirror(mirror)
  }

  expectCopiesOut(mirrors: readonly Mirror[]): void {
    if (!this.#judgedCoherent) return
    for (const original of new Set(mirrors.map((mirror) => mirror.original))) {
      const [first, ...others] = mirrors.filter((mirror) => mirror.original === original)
      if (first === undefined || !this.#makesAlike(first, others)) continue
      this.#views.reconcileBeforeCopy(original, first, 'block')
    }
  }

  /** Whether copying these out makes all homes equal to the one array on the original. */
  #makesAlike(first: Mirror, others: readonly Mirror[]): boolean {
    const { original, start, end } = first
    const all = original.mirrors?.asOriginal.over(start, end) ?? []
    return (
      original.views.size === 1 &&
      this.#cache.canBeTwin(original, first, shiftOf(first)) &&
      others.every((mirror) => mirror.start === start && mirror.end === end) &&
      all.every((mirror) => mirror === first || others.includes(mirror))
    )
  }

  copyOut(mirror: Mirror, start: number, end: number): void {
    assert(mirror.start <= start && end <= mirror.end, 'what is copied is mirrored')
    const { original, copy } = mirror
    const shift = shiftOf(mirror)
    const isTwin = this.#cache.canBeTwin(original, { start, end }, shift)
    if (isTwin) this.#views.reconcileBeforeCopy(original, { start, end })
    this.#copy(original, { start, end }, copy, start + shift, isTwin)
    if (isTwin) original.twin = { start, end, copy, shift }
  }

  copyBack(mirror: Mirror, start: number, end: number): void {
    assert(mirror.start <= start && end <= mirror.end, 'what is copied is mirrored')
    const { original, copy } = mirror
    const shift = shiftOf(mirror)
    const isTwin = this.#cache.canBeTwin(original, { start, end }, shift)
    this.#copy(copy, { start: start + shift, end: end + shift }, original, start, isTwin)
    if (isTwin) original.twin = { start, end, copy, shift }
  }

  /**
   * Copies bytes between homes, through the cache on both sides; current bytes stay current.
   * `isTwin`: the homes will be twins, in place of the earlier image of arrays.
   */
  #copy(source: Storage, range: Run, target: Storage, to: number, isTwin: boolean): void {
    const { start, end } = range
    const place = { start: to, end: to + end - start }
    this.#views.reconcile(source, start, end)
    this.#views.reconcile(target, place.start, place.end)
    if (!isTwin) this.#cache.images.beforeBytesChange(target, place)
    this.#cache.apply(source, range, { actual: CPU_LOAD, judged: CPU_LOAD })
    this.#cache.applyCopy(source, range, target, to)
    this.#cache.write(target, to, source.cached.subarray(start, end), 'cache')
    this.#cache.images.save(target, place.start, place.end)
    this.#hardware.settle(source, 'cpu', range)
    this.#hardware.settle(target, 'cpu', place)
  }

  #reconcile({ original, start, end, copy, at }: Mirror): void {
    this.#views.reconcile(original, start, end)
    this.#views.reconcile(copy, at, at + end - start)
  }
}

/** From offsets in the original to those in the copy. */
function shiftOf({ start, at }: Mirror): number {
  return at - start
}
