/**
 * A seeded generator (splitmix32): every choice of a run comes from one of these, so that the same
 * seed gives the same run. Not for secrets.
 */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** A whole number in `[0, bound)`; 0 for a bound of 0. */
  below(bound: number): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    mixed = (mixed ^ (mixed >>> 15)) >>> 0
    return Math.floor((mixed / 2 ** 32) * bound)
  }
}
