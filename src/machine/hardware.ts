/**
 * The hardware's own cache operations in this run, as its policy chooses; the possible states allow
 * for all of them.
 */
import type { Cache } from './cache.ts'
import type { Run } from './changed-runs.ts'
import { PREFETCH } from './line-op.ts'
import type { CachePolicy, Moment } from './policy.ts'
import type { Storage } from './storage.ts'
import type { Views } from './views.ts'

export class Hardware {
  readonly #cache: Cache
  readonly #views: Views
  readonly #policy: CachePolicy

  constructor(cache: Cache, views: Views, policy: CachePolicy) {
    this.#cache = cache
    this.#views = views
    this.#policy = policy
  }

  /**
   * Lets the policy act after an operation on a range, and keeps the lines under live arrays filled. A
   * storage of copies belongs to many: there it acts on the operation's lines alone.
   */
  settle(storage: Storage, moment: Moment, range: Run): void {
    const { coherent, checked } = this.#cache
    if (coherent || !checked) return
    const lines =
      storage.mirrors?.holdsCopies === true
        ? this.#cache.linesOf(storage, range.start, range.end)
        : { start: 0, end: storage.size }
    if (lines.start >= lines.end) return
    // All before the policy acts: comparing an array with a line that is just gone would find stores.
    this.#views.fill(storage)
    const actions = this.#policy.act(moment, lines.end - lines.start)
    for (const { start, end } of actions) {
      this.#views.reconcile(storage, lines.start + start, lines.start + end)
    }
    for (const { op, start, end } of actions) {
      const acted = { start: lines.start + start, end: lines.start + end }
      if (op === PREFETCH) this.#cache.fill(storage, acted)
      else this.#cache.applyActual(storage, acted, op)
    }
    this.#views.fill(storage)
  }
}
