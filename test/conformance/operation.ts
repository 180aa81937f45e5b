import type * as fc from 'fast-check'
import type { Side } from './side.ts'
import type { World } from './world.ts'

/** Operations that belong together, so that a run can be about some of them. */
export type Group = 'files' | 'memory' | 'buffers' | 'sync-files' | 'import' | 'fences' | 'dumb'

/**
 * The outcome of an operation without the parts that may differ: addresses, process ids, inode numbers,
 * times. The first is the result; the rest are the bytes that it wrote.
 */
export type Outcome = readonly (number | string)[]

/** `undefined`: it was left out, because its result is unspecified. */
export type Answer = Outcome | undefined

/** One kind of operation: how to generate it, how to make it on a kernel, and its effect on the world. */
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
