/** Observes a run's events and says, at its end, what the program did wrong. */
import type { DmabufEvent, EventOrigin } from '../events/event.ts'
import { Collector, type Site } from './collector.ts'
import type { CheckResult } from './finding.ts'
import { History } from './history.ts'
import { HazardRule } from './rules/hazard-rule.ts'
import type { Rule } from './rules/rule.ts'

export interface CheckerOptions {
  /**
   * A text that is equal for origins at the same line of the program: findings there are merged.
   * The origin's stack if not given, which tells apart two ways to the same line.
   */
  readonly site?: Site | undefined
  /** Bytes in a cache line of the judged board, for naming causes. 64 if not given. */
  readonly lineSize?: number | undefined
}

export class Checker {
  readonly #history: History
  readonly #out: Collector
  readonly #rules: readonly Rule[]

  constructor(options: CheckerOptions = {}) {
    this.#history = new History(options.lineSize ?? 64)
    this.#out = new Collector(options.site ?? stackOf)
    this.#rules = [new HazardRule(this.#history, this.#out)]
  }

  /** Takes in one event; they come in the order of their ids. */
  observe(event: DmabufEvent): void {
    for (const rule of this.#rules) rule.before?.(event)
    this.#history.update(event)
    for (const rule of this.#rules) rule.after?.(event)
  }

  /** What was found so far; after the last event, all there is. May be asked again. */
  finish(): CheckResult {
    return this.#out.result()
  }
}

function stackOf({ stack }: EventOrigin): string {
  return stack ?? ''
}
