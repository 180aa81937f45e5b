/** Second homes of bytes (mirror.ts): linking them, and the CPU's copies between them. */
import type { Cache } from './cache.ts'
import type { Run } from './changed-runs.ts'
import type { Hardware } from './hardware.ts'
import { assert } from './kernel-error.ts'
import { CPU_LOAD } from './line-op.ts'
import { addMirror, deleteMirror, type Mirror } from './mirror.ts'
import type { Storage } from './storage.ts'
import type { Views } from './views.ts'

export class Homes {
  readonly #cache: Cache
  readonly #views: Views
  readonly #hardware: Hardware

  constructor(cache: Cache, views: Views, hardware: Hardware) {
    this.#cache = cache
    this.#views = views
    this.#hardware = hardware
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
    deleteMirror(mirror)
  }

  copyOut(mirror: Mirror, start: number, end: number): void {
    assert(mirror.start <= start && end <= mirror.end, 'what is copied is mirrored')
    const to = start - mirror.start + mirror.at
    this.#copy(mirror.original, { start, end }, mirror.copy, to)
  }

  copyBack(mirror: Mirror, start: number, end: number): void {
    assert(mirror.start <= start && end <= mirror.end, 'what is copied is mirrored')
    const by = mirror.at - mirror.start
    this.#copy(mirror.copy, { start: start + by, end: end + by }, mirror.original, start)
  }

  /** Copies bytes between homes, through the cache on both sides; what was current there is so here. */
  #copy(source: Storage, range: Run, target: Storage, to: number): void {
    const { start, end } = range
    const place = { start: to, end: to + end - start }
    this.#views.reconcile(source, start, end)
    this.#views.reconcile(target, place.start, place.end)
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
