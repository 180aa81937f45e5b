/**
 * A search through the orders in which tasks and timers can run.
 *
 * A run with the first candidate at each choice is the usual order. A deviation takes another candidate at one
 * choice. Orders are tried by their count of deviations, because most bugs need few of them (Musuvathi and Qadeer,
 * Iterative Context Bounding, PLDI 2007). A run's choices depend only on the program and on earlier choices, so a
 * prefix of choices names the orders that begin with it, and no order is tried twice.
 */
import type { MadeChoice } from '../../sim/index.ts'

export interface SearchLimits {
  /** The most deviations of an order. */
  readonly bound: number
  /** The most orders. */
  readonly limit: number
}

/** The choices that an order begins with; it goes on with first candidates. */
export type OrderPrefix = readonly MadeChoice[]

/** An order to try: the choices of an earlier run up to a position, and another candidate there. */
interface Branch {
  readonly made: readonly MadeChoice[]
  readonly position: number
  readonly chosen: number
}

export class OrderSearch {
  readonly #limits: SearchLimits
  /** Orders to try, by their count of deviations. */
  readonly #waiting: Branch[][] = [[{ made: [], position: -1, chosen: 0 }]]
  #isCut = false
  #runs = 0
  #current: { readonly length: number; readonly deviations: number } | undefined

  constructor(limits: SearchLimits) {
    this.#limits = limits
  }

  /** Orders that were tried. */
  get runs(): number {
    return this.#runs
  }

  /** Whether every order was tried. */
  get isComplete(): boolean {
    return !this.#isCut && this.#waiting.every((branches) => branches.length === 0)
  }

  /** The next order to try; undefined at the limits. Call `ran` before the next one. */
  next(): OrderPrefix | undefined {
    if (this.#runs >= this.#limits.limit) return undefined
    const deviations = this.#waiting.findIndex((branches) => branches.length > 0)
    const branch = this.#waiting[deviations]?.shift()
    if (branch === undefined) return undefined
    this.#runs++
    const prefix = prefixOf(branch)
    this.#current = { length: prefix.length, deviations }
    return prefix
  }

  /**
   * The order was tried, and made these choices: each later one begins orders with one more deviation. Undefined: the
   * run was ended from outside, and its later choices are not known.
   */
  ran(made: readonly MadeChoice[] | undefined): void {
    if (this.#current === undefined) return
    const { length, deviations } = this.#current
    this.#current = undefined
    if (made === undefined) {
      this.#isCut = true
      return
    }
    const later = made.slice(length)
    if (deviations === this.#limits.bound) {
      this.#isCut ||= later.some(({ options }) => options > 1)
      return
    }
    this.#waiting[deviations + 1] ??= []
    later.forEach(({ options }, i) => {
      for (let chosen = 1; chosen < options; chosen++) {
        this.#waiting[deviations + 1]?.push({ made, position: length + i, chosen })
      }
    })
  }
}

function prefixOf({ made, position, chosen }: Branch): OrderPrefix {
  const options = made[position]?.options
  if (options === undefined) return []
  return [...made.slice(0, position), { chosen, options }]
}
