/** Observes a run's events and says, at its end, what the program did wrong. */
import type { DmabufEvent, EventOrigin } from '../events/event.ts'
import { BufferDescriptors } from './buffer-descriptors.ts'
import { Collector, type Locate, type Site } from './collector.ts'
import type { CheckResult } from './finding.ts'
import { History } from './history.ts'
import { Operations } from './operations.ts'
import type { RuleId } from './rule-id.ts'
import { AreaRule } from './rules/area-rule.ts'
import { BackingRule } from './rules/backing-rule.ts'
import { BracketRule } from './rules/bracket-rule.ts'
import { ContentRule } from './rules/content-rule.ts'
import { CostRule } from './rules/cost-rule.ts'
import { CpuAccessRule } from './rules/cpu-access-rule.ts'
import { Deferred } from './rules/deferred.ts'
import { DescriptorRule } from './rules/descriptor-rule.ts'
import { DeviceRule } from './rules/device-rule.ts'
import { DmaUseRule } from './rules/dma-use-rule.ts'
import { DumbRule } from './rules/dumb-rule.ts'
import { FreedRule } from './rules/freed-rule.ts'
import { GrowableRule } from './rules/growable-rule.ts'
import { HandleRule } from './rules/handle-rule.ts'
import { HazardRule } from './rules/hazard-rule.ts'
import { MappingRule } from './rules/mapping-rule.ts'
import { MisuseRule } from './rules/misuse-rule.ts'
import { NoDmaBufRule } from './rules/no-dma-buf-rule.ts'
import { NotAwaitedRule } from './rules/not-awaited-rule.ts'
import { OnScreenRule } from './rules/on-screen-rule.ts'
import { OperationRule } from './rules/operation-rule.ts'
import { OrderRule } from './rules/order-rule.ts'
import { OverlapRule } from './rules/overlap-rule.ts'
import { PlaceRule } from './rules/place-rule.ts'
import { PrivateRule } from './rules/private-rule.ts'
import type { Rule } from './rules/rule.ts'
import { SlowReadRule } from './rules/slow-read-rule.ts'
import { WholeSyncRule } from './rules/whole-sync-rule.ts'
import { rulesSeen, type Shown } from './sight.ts'

export interface CheckerOptions {
  /**
   * A text that is equal for origins at the same line of the program: findings there are merged.
   * The origin's stack if not given, which tells apart two ways to the same line.
   */
  readonly site?: Site | undefined
  /** The line of an origin; findings have no `place` and no `where` if not given. */
  readonly locate?: Locate | undefined
  /** Rules that this run cannot decide; the result names them. */
  readonly notCheckable?: readonly RuleId[] | undefined
  /** Bytes in a cache line of the judged board, for naming causes. 64 if not given. */
  readonly lineSize?: number | undefined
  /** What the events tell; `everything` if not given. */
  readonly shown?: Shown | undefined
}

export class Checker {
  readonly #history: History
  readonly #out: Collector
  readonly #rules: readonly Rule[]

  constructor(options: CheckerOptions = {}) {
    const { shown = 'everything', notCheckable = [] } = options
    this.#history = new History(options.lineSize ?? 64, shown)
    this.#out = new Collector({
      site: options.site ?? stackOf,
      locate: options.locate ?? (() => undefined),
      notCheckable: [...rulesSeen('none', shown), ...notCheckable],
      partlyCheckable: rulesSeen('part', shown),
    })
    this.#rules = rulesOver(this.#history, this.#out)
  }

  /** Takes in one event; they come in the order of their ids. */
  observe(event: DmabufEvent): void {
    for (const rule of this.#rules) rule.before?.(event)
    this.#history.update(event)
    for (const rule of this.#rules) rule.after?.(event)
  }

  /** What was found so far; after the last event, all there is. May be asked again. */
  finish(): CheckResult {
    for (const rule of this.#rules) rule.finish?.()
    return this.#out.result()
  }
}

/** In the order in which they look at an event: who finds a mistake first says what it was. */
function rulesOver(history: History, out: Collector): Rule[] {
  const deferred = new Deferred(history, out)
  const operations = new Operations()
  const descriptors = new BufferDescriptors()
  return [
    new HazardRule(history, out),
    new OperationRule({ history, operations, descriptors, out, deferred }),
    new NotAwaitedRule(history, deferred, { operations, descriptors }),
    new BracketRule(history, out, deferred),
    new CpuAccessRule(history, out, deferred, operations),
    new DeviceRule(history, out, operations),
    new OverlapRule(history, out),
    new DmaUseRule(history, out),
    new MisuseRule(history, out),
    new DescriptorRule(history, out),
    new MappingRule(history, out),
    new AreaRule(out),
    new PrivateRule(history, out, deferred),
    new GrowableRule(history, out),
    new PlaceRule(history, out),
    new FreedRule(history, out),
    new BackingRule(history, out),
    new HandleRule(out),
    new DumbRule(out),
    new NoDmaBufRule(out),
    new CostRule(history, out),
    new ContentRule(history, out),
    new OnScreenRule(history, out),
    new OrderRule(history, out),
    new WholeSyncRule(history, out),
    new SlowReadRule(history, out),
    deferred,
  ]
}

function stackOf({ stack }: EventOrigin): string {
  return stack ?? ''
}
