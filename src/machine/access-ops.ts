/** The way of an access, and the effect of a store on a line, on each of the two boards. */
import type { MemoryAttribute } from '../events/event.ts'
import type { ReadPaths, Through } from './hazards.ts'
import {
  CPU_STORE,
  type LineOp,
  STORE_BEHIND,
  STORE_SNOOPED,
  STORE_SNOOPED_TO_CACHE,
  STORE_SNOOPED_TO_MEMORY,
} from './line-op.ts'
import type { PerBoard } from './per-board.ts'
import type { CachePolicy } from './policy.ts'

export class AccessOps {
  readonly #uncachedSnoops: PerBoard<boolean>
  readonly #policy: CachePolicy

  /** `uncachedSnoops`: whether the CPU's uncached accesses snoop the cache. */
  constructor(uncachedSnoops: PerBoard<boolean>, policy: CachePolicy) {
    this.#uncachedSnoops = uncachedSnoops
    this.#policy = policy
  }

  cpuLoad(attribute: MemoryAttribute): ReadPaths {
    if (attribute === 'cached') return { actual: 'cache', judged: 'cache' }
    return this.deviceLoad(this.#uncachedSnoops)
  }

  cpuStore(attribute: MemoryAttribute): PerBoard<LineOp> {
    if (attribute === 'cached') return { actual: CPU_STORE, judged: CPU_STORE }
    return this.deviceStore(this.#uncachedSnoops)
  }

  deviceLoad({ actual, judged }: PerBoard<boolean>): ReadPaths {
    return { actual: pathOf(actual), judged: pathOf(judged) }
  }

  deviceStore({ actual, judged }: PerBoard<boolean>): PerBoard<LineOp> {
    return { actual: this.#outcome(actual), judged: judged ? STORE_SNOOPED : STORE_BEHIND }
  }

  #outcome(snooped: boolean): LineOp {
    if (!snooped) return STORE_BEHIND
    return this.#policy.snoopedStoreStaysInCache()
      ? STORE_SNOOPED_TO_CACHE
      : STORE_SNOOPED_TO_MEMORY
  }
}

/** Whether this run's store ends in the cache, with memory behind. */
export function endsInCache(op: LineOp): boolean {
  return op === CPU_STORE || op === STORE_SNOOPED_TO_CACHE
}

function pathOf(snoops: boolean): Through {
  return snoops ? 'cache' : 'memory'
}
