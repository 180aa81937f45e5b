/**
 * The operations of a board's agents on a line, as functions from a state to the states it may
 * become.
 *
 * An operation acts on the bytes in its range (`inside`) and on the other bytes of the lines that
 * the range only touches (`beside`), because hardware moves whole lines. If hardware may choose, a
 * step has several results; an operation that a run carries out has exactly one.
 */
import {
  isCacheViewCurrent,
  isMemoryCurrent,
  type LineState,
  lineState,
  presenceOf,
} from './line-state.ts'

export type Step = (state: LineState) => readonly LineState[]

/** Which bytes an operation carries between the copies: into the cache, out of it, or none. */
export type Move = 'fill' | 'write-back' | 'none'

export interface LineOp {
  readonly name: string
  readonly inside: Step
  readonly beside: Step
  readonly movesInside: Move
  readonly movesBeside: Move
}

function lineOp(
  name: string,
  inside: readonly [Step, Move],
  beside: readonly [Step, Move] = inside,
): LineOp {
  return {
    name,
    inside: inside[0],
    movesInside: inside[1],
    beside: beside[0],
    movesBeside: beside[1],
  }
}

const stay: Step = (state) => [state]

/** The line is in the cache afterwards, filled from memory if it was absent. */
export const fill: Step = (state) => {
  const memory = isMemoryCurrent(state)
  return presenceOf(state) === 'absent' ? [lineState('clean', memory, memory)] : [state]
}

/** A dirty line reaches memory and stays, clean: all of it, also bytes without a store. */
export const writeBack: Step = (state) => {
  const cache = isCacheViewCurrent(state)
  return presenceOf(state) === 'dirty' ? [lineState('clean', cache, cache)] : [state]
}

/** The line leaves the cache; a dirty one takes its bytes with it. */
export const discard: Step = (state) => [lineState('absent', isMemoryCurrent(state), false)]

/** Clean lines leave the cache, dirty ones stay. */
export const dropClean: Step = (state) => (presenceOf(state) === 'clean' ? discard(state) : [state])

/** Dirty lines reach memory, and every line leaves. */
export const writeBackAndDiscard: Step = (state) =>
  writeBack(state).flatMap((written) => discard(written))

/** The byte was stored into the cache: the line is dirty and memory is behind. */
const storeInCache: Step = () => [lineState('dirty', false, true)]

/** The line was stored into, elsewhere than at this byte. */
const dirtied: Step = (state) =>
  fill(state).map((filled) =>
    lineState('dirty', isMemoryCurrent(filled), isCacheViewCurrent(filled)),
  )

/** The byte was stored into memory by an agent that does not snoop the cache. */
const storeBehindCache: Step = (state) => [lineState(presenceOf(state), true, false)]

/** The byte was stored in another home: both copies here are old. */
const storedElsewhere: Step = (state) => [lineState(presenceOf(state), false, false)]

/** The byte was copied here from another home, through the cache; memory keeps its content. */
const copied =
  (...views: readonly boolean[]): Step =>
  (state) =>
    views.map((current) => lineState('dirty', isMemoryCurrent(state), current))

/** A snooped store that ends in memory: the line leaves the cache, its dirty bytes written back. */
const storeSnoopedToMemory: Step = () => [lineState('absent', true, false)]

/**
 * A snooped store: the interconnect may take the line out of the cache, may update memory and a clean
 * cached copy together, or may allocate the line in the cache and leave memory behind.
 */
const storeSnooped: Step = (state) => [
  ...storeSnoopedToMemory(state),
  ...(presenceOf(state) === 'clean' ? [lineState('clean', true, true)] : []),
  ...storeInCache(state),
]
const besideSnooped: Step = (state) => [
  ...writeBackAndDiscard(state),
  ...(presenceOf(state) === 'clean' ? [state] : []),
  ...dirtied(state),
]

export const CPU_LOAD: LineOp = lineOp('cpu-load', [fill, 'fill'])
export const CPU_STORE: LineOp = lineOp('cpu-store', [storeInCache, 'none'], [dirtied, 'fill'])
/** A store without snooping: an uncached one, or of a device that does not snoop. */
export const STORE_BEHIND: LineOp = lineOp(
  'store-behind',
  [storeBehindCache, 'none'],
  [stay, 'none'],
)
/** Every outcome that a snooped store may have. */
export const STORE_SNOOPED: LineOp = lineOp(
  'store-snooped',
  [storeSnooped, 'none'],
  [besideSnooped, 'none'],
)
/** The outcome of a snooped store in which memory is up to date afterwards. */
export const STORE_SNOOPED_TO_MEMORY: LineOp = lineOp(
  'store-snooped-to-memory',
  [storeSnoopedToMemory, 'none'],
  [writeBackAndDiscard, 'write-back'],
)
/** The outcome of a snooped store in which only the cache is up to date afterwards. */
export const STORE_SNOOPED_TO_CACHE: LineOp = lineOp(
  'store-snooped-to-cache',
  [storeInCache, 'none'],
  [dirtied, 'fill'],
)
/** A store to the same bytes in another home: no line moves here. */
export const STORED_ELSEWHERE: LineOp = lineOp(
  'stored-elsewhere',
  [storedElsewhere, 'none'],
  [stay, 'none'],
)
/** The CPU copied bytes here from another home whose cache view was current, or old, or may be either. */
export const COPIED_CURRENT: LineOp = lineOp('copied', [copied(true), 'none'], [dirtied, 'fill'])
export const COPIED_OLD: LineOp = lineOp('copied-old', [copied(false), 'none'], [dirtied, 'fill'])
export const COPIED_EITHER: LineOp = lineOp(
  'copied-either',
  [copied(true, false), 'none'],
  [dirtied, 'fill'],
)
export const CLEAN: LineOp = lineOp('clean', [writeBack, 'write-back'])
export const INVALIDATE: LineOp = lineOp('invalidate', [discard, 'none'])
export const CLEAN_INVALIDATE: LineOp = lineOp('clean-invalidate', [
  writeBackAndDiscard,
  'write-back',
])
/** The hardware's own cache operations, which a cache policy can carry out. */
export const PREFETCH: LineOp = CPU_LOAD
export const EVICT: LineOp = CLEAN_INVALIDATE
export const DROP_CLEAN: LineOp = lineOp('drop-clean', [dropClean, 'none'])

/** Any store where there is but one copy of the bytes. */
const STORED_HERE: LineOp = lineOp(
  'stored-here',
  [() => [lineState('absent', true, false)], 'none'],
  [stay, 'none'],
)
const ON_COHERENT: ReadonlyMap<LineOp, LineOp> = new Map([
  [CPU_STORE, STORED_HERE],
  [STORE_BEHIND, STORED_HERE],
  [STORE_SNOOPED_TO_MEMORY, STORED_HERE],
  [STORE_SNOOPED_TO_CACHE, STORED_HERE],
  [COPIED_CURRENT, STORED_HERE],
  [COPIED_OLD, STORED_ELSEWHERE],
  [STORED_ELSEWHERE, STORED_ELSEWHERE],
])

/** The operation on a coherent board, where memory is the only place; undefined: none. */
export function onCoherent(op: LineOp | undefined): LineOp | undefined {
  return op === undefined ? undefined : ON_COHERENT.get(op)
}
