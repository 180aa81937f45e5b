/**
 * A cache policy picks, of all that legal hardware may do, what happens in this run. It never changes
 * the verdict, only the bytes that one sees.
 */
import { DROP_CLEAN, EVICT, type LineOp, PREFETCH } from './line-op.ts'
import type { Random } from './random.ts'

/** When a policy is asked: after which kind of operation on a storage. */
export type Moment = 'cpu' | 'maintenance' | 'device-load' | 'device-store'

export interface FreeAction {
  readonly op: LineOp
  readonly start: number
  readonly end: number
}

export interface CachePolicy {
  readonly name: string
  /** What the hardware does by itself now, in a storage of `size` bytes. */
  act(moment: Moment, size: number): readonly FreeAction[]
  /** Whether clean lines are gone from the cache by the time that a mapping's array is taken. */
  dropsOldLines(): boolean
  /** Whether a snooped store ends in the cache (and not in memory). */
  snoopedStoreStaysInCache(): boolean
}

const NOTHING: readonly FreeAction[] = []

/** Never helps: dirty lines stay until they are cleaned, others are filled when they are loaded. */
export const lazyPolicy: CachePolicy = {
  name: 'lazy',
  act: () => NOTHING,
  dropsOldLines: () => true,
  snoopedStoreStaysInCache: () => false,
}

/**
 * Evicts and prefetches at every chance: when a device has stored, dirty lines are evicted over its
 * bytes; whenever lines are gone, they are fetched again at once, before anybody needs them.
 */
export const eagerPolicy: CachePolicy = {
  name: 'eager',
  act: (moment, size) => {
    const prefetch = { op: PREFETCH, start: 0, end: size }
    if (moment === 'device-store') return [{ op: EVICT, start: 0, end: size }, prefetch]
    return moment === 'maintenance' ? [prefetch] : NOTHING
  },
  dropsOldLines: () => false,
  snoopedStoreStaysInCache: () => true,
}

const ACTIONS: readonly LineOp[] = [EVICT, PREFETCH, DROP_CLEAN]
const ACTIONS_AT_ONCE = 4

/** Does any of it, to a few random ranges of lines, after every operation. */
export function randomPolicy(random: Random): CachePolicy {
  const range = (size: number): FreeAction => {
    const from = random.below(size)
    const length = 1 + random.below(Math.max(1, random.below(2) === 0 ? size : size >> 4))
    return { op: random.pick(ACTIONS), start: from, end: Math.min(size, from + length) }
  }
  return {
    name: 'random',
    act: (_moment, size) =>
      Array.from({ length: random.below(ACTIONS_AT_ONCE) }, () => range(size)),
    dropsOldLines: () => random.below(2) === 1,
    snoopedStoreStaysInCache: () => random.below(2) === 1,
  }
}
