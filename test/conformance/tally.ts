import { errnoName } from '../../src/abi/errno.ts'
import type { Outcome } from './operation.ts'

/** The tally of a run: how often each operation had each result, and the operations that were left out. */
export class Tally {
  readonly #results = new Map<string, Map<string, number>>()
  readonly #leftOut = new Map<string, number>()

  done(operation: string, [result = 0]: Outcome): void {
    const results = this.#results.get(operation) ?? new Map<string, number>()
    this.#results.set(operation, results)
    addOne(results, resultName(result))
  }

  leftOut(why: string): void {
    addOne(this.#leftOut, why)
  }

  /** How often `operation` succeeded. */
  successes(operation: string): number {
    return this.#results.get(operation)?.get('ok') ?? 0
  }

  get operations(): number {
    return [...this.#results.values()].reduce((sum, results) => sum + total(results), 0)
  }

  /** A line for each operation. */
  get lines(): string[] {
    const done = [...this.#results].map(([name, results]) => `${name}: ${counts(results)}`)
    return this.#leftOut.size === 0 ? done : [...done, `left out: ${counts(this.#leftOut)}`]
  }
}

function resultName(result: number | string): string {
  if (typeof result !== 'number' || result >= 0) return 'ok'
  return errnoName(result) ?? String(result)
}

function addOne(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

function total(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0)
}

function counts(map: ReadonlyMap<string, number>): string {
  return [...map]
    .sort(([, a], [, b]) => b - a)
    .map(([key, count]) => `${key} ${count}`)
    .join(', ')
}
