import type * as fc from 'fast-check'
import type { Side } from './side.ts'
import type { World } from './world.ts'

/** Operations that belong together, so that a run can be about some of them. */
export type Group = 'files' | 'memory' | 'buffers' | 'sync-files' | 'import' | 'fences' | 'dumb'

/**
 * What an operation did, with nothing in it that may differ: no addresses, process ids, inode numbers
 * or times. The first is the result; the rest is what was written.
 */
export type Outcome = readonly (number | string)[]

/** `undefined`: it was left out, because its result is nobody's promise. */
export type Answer = Outcome | undefined

/** One sort of operation: how to make one up, do it on a kernel, and what it changes. */
export interface Operation<A extends object> {
  readonly name: string
  readonly group: Group
  /** How often, among the others; 0: only where a sequence names it. */
  readonly weight: number
  readonly arguments: fc.Arbitrary<A>
  /** Does it on one kernel. Reads the world and leaves it alone. */
  run(side: Side, words: A, world: World): Outcome | Promise<Outcome>
  /** Whether it must be left out on either kernel: where its result follows from the addresses. */
  isLeftOut?(sides: readonly Side[], words: A, world: World): boolean
  /** Brings the world up to date once both kernels have answered alike. */
  settle?(words: A, outcome: Outcome, world: World, sides: readonly Side[]): void
}

/** An operation in a sequence: data, so that it can be printed and read again. */
export interface Step {
  readonly op: string
  readonly [word: string]: unknown
}

export type Sequence = readonly Step[]
