/** The arrays that a program holds, by slot: whose bytes they show. */
import { type Cells, overlap } from './program.ts'

export interface Slot {
  readonly buffer: number
  readonly cells: Cells
}

export class Slots<T extends Slot> {
  readonly #held = new Map<number, T>()

  get all(): T[] {
    return [...this.#held.values()]
  }

  take(slot: number, held: T): void {
    this.#held.delete(slot)
    this.#held.set(slot, held)
  }

  drop(slot: number): T | undefined {
    const held = this.#held.get(slot)
    this.#held.delete(slot)
    return held
  }

  /** The array in the slot, with those of the cells that it covers. */
  at(slot: number, cells: Cells): { held: T; cells: Cells } | undefined {
    const held = this.#held.get(slot)
    const both = held === undefined ? undefined : overlap(held.cells, cells)
    return held === undefined || both === undefined ? undefined : { held, cells: both }
  }

  /** Takes out all arrays of a buffer. */
  dropAll(buffer: number): T[] {
    const of = [...this.#held].filter(([, held]) => held.buffer === buffer)
    for (const [slot] of of) this.#held.delete(slot)
    return of.map(([, held]) => held)
  }
}
