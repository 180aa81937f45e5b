/**
 * A cache policy picks one of the behaviours that legal hardware may show in this run. It changes
 * the visible bytes, and which uses of arrays after their end are found, but no other part of the
 * verdict.
 */

import type { Choices } from './choices.ts'
import { DROP_CLEAN, EVICT, type LineOp, PREFETCH } from './line-op.ts'

/** When a policy is asked: after which kind of operation on a storage. */
export type Moment = 'cpu' | 'maintenance' | 'device-load' | 'device-store'

export interface FreeAction {
  readonly op: LineOp
  readonly start: number
  readonly end: number
}

export interface CachePolicy {
  readonly name: string
  /** The hardware's own operations now, in a storage of `size` bytes. */
  act(moment: Moment, size: number): readonly FreeAction[]
  /** Whether clean lines are gone from the cache by the time that a mapping's array is taken. */
  dropsOldLines(): boolean
  /**
   * Whether the memory of arrays that end stays in place, so that stores through them are found: it is
   * the `nth` time that this happens to a storage of `size` bytes. Else they are detached.
   */
  leavesDeadArrays(size: number, nth: number): boolean
  /** Whether a snooped store ends in the cache (and not in memory). */
  snoopedStoreStaysInCache(): boolean
}

/** Leaving the memory of an array costs two copies of it, and the comparison. */
const SMALL = 256 * 1024
const LARGE = 8 * 1024 * 1024

const NOTHING: readonly FreeAction[] = []

/** Never helps: dirty lines stay until they are cleaned, others are filled when they are loaded. */
export const lazyPolicy: CachePolicy = {
  name: 'lazy',
  act: () => NOTHING,
  dropsOldLines: () => true,
  leavesDeadArrays: (size, nth) => size <= SMALL && nth % 2 === 0,
  snoopedStoreStaysInCache: () => false,
}

/**
 * Evicts and prefetches at every chance: when a device has stored, dirty lines are evicted over its
 * bytes; lines that are gone are fetched again at once.
 */
export const eagerPolicy: CachePolicy = {
  name: 'eager',
  act: (moment, size) => {
    const prefetch = { op: PREFETCH, start: 0, end: size }
    if (moment === 'device-store') return [{ op: EVICT, start: 0, end: size }, prefetch]
    return moment === 'maintenance' ? [prefetch] : NOTHING
  },
  dropsOldLines: () => false,
  leavesDeadArrays: () => false,
  snoopedStoreStaysInCache: () => true,
}

const ACTIONS: readonly LineOp[] = [EVICT, PREFETCH, DROP_CLEAN]
const ACTIONS_AT_ONCE = 4

/** Does any of it, to a few random ranges of lines, after every operation. */
export function randomPolicy(choices: Choices): CachePolicy {
  const below = (options: number): number => choices.choose({ kind: 'cache', options })
  const range = (size: number): FreeAction => {
    const from = below(size)
    const length = 1 + below(Math.max(1, below(2) === 0 ? size : size >> 4))
    const op = ACTIONS[below(ACTIONS.length)] ?? EVICT
    return { op, start: from, end: Math.min(size, from + length) }
  }
  return {
    name: 'random',
    act: (_moment, size) => Array.from({ length: below(ACTIONS_AT_ONCE) }, () => range(size)),
    dropsOldLines: () => below(2) === 1,
    leavesDeadArrays: (size) => size <= LARGE,
    snoopedStoreStaysInCache: () => below(2) === 1,
  }
}
