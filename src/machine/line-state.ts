/**
 * The state of one byte in one cache line, and sets of such states.
 *
 * All bytes of a line share its presence in the CPU caches. In addition each byte knows a fact that
 * hardware does not: whether the copy in memory, and the copy in the cache, are *current*, that is,
 * hold the last store in program order. A state is one of ten codes; a set of states is a mask.
 *
 * Keeping a set per byte loses nothing against keeping sets of whole lines: every step of the
 * hardware takes a byte to a state that depends on that byte's own state alone (presence is part of
 * it), so the projection of the reachable lines on a byte is exactly the set reached from the
 * byte's own set.
 */
export type LineState = number
/** A set of line states: bit `s` is set when state `s` is a member. */
export type StateSet = number

export type Presence = 'absent' | 'clean' | 'dirty'

const PRESENCES: readonly Presence[] = ['absent', 'clean', 'dirty']

export const STATE_CODES = 12
export const SET_CODES: number = 1 << STATE_CODES

/** The code of a state. `cacheCurrent` is ignored for an absent line. */
export function lineState(
  presence: Presence,
  memoryCurrent: boolean,
  cacheCurrent: boolean,
): LineState {
  const cache = presence !== 'absent' && cacheCurrent ? 1 : 0
  return PRESENCES.indexOf(presence) * 4 + (memoryCurrent ? 2 : 0) + cache
}

export function presenceOf(state: LineState): Presence {
  return PRESENCES[state >> 2] as Presence
}

export function isMemoryCurrent(state: LineState): boolean {
  return (state & 2) !== 0
}

/** Whether a read that snoops the cache first, and fills from memory, gets the last store. */
export function isCacheViewCurrent(state: LineState): boolean {
  return presenceOf(state) === 'absent' ? isMemoryCurrent(state) : (state & 1) !== 0
}

/** The ten states there are. */
export const ALL_STATES: readonly LineState[] = [0, 2, 4, 5, 6, 7, 8, 9, 10, 11]

export function setOf(...states: readonly LineState[]): StateSet {
  return states.reduce((set, state) => set | (1 << state), 0)
}

export function statesIn(set: StateSet): LineState[] {
  return ALL_STATES.filter((state) => (set & (1 << state)) !== 0)
}

/** The states in which a read through the cache goes wrong. */
export const STALE_THROUGH_CACHE: StateSet = setOf(
  ...ALL_STATES.filter((state) => !isCacheViewCurrent(state)),
)
/** The states in which a read of memory goes wrong. */
export const STALE_IN_MEMORY: StateSet = setOf(
  ...ALL_STATES.filter((state) => !isMemoryCurrent(state)),
)
/** The states in which the last store is nowhere any more. */
export const LOST: StateSet = setOf(
  ...ALL_STATES.filter((state) => !isMemoryCurrent(state) && !isCacheViewCurrent(state)),
)
