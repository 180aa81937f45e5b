/** Observes the events of a run and reports the program's mistakes. */
import type { DmabufEvent } from '../events/event.ts'
import { Collector, type Locate, type Site } from './collector.ts'
import { AreaDetector } from './detectors/area-detector.ts'
import { BackingDetector } from './detectors/backing-detector.ts'
import { BracketDetector } from './detectors/bracket-detector.ts'
import { ContentDetector } from './detectors/content-detector.ts'
import { CostDetector } from './detectors/cost-detector.ts'
import { CpuAccessDetector } from './detectors/cpu-access-detector.ts'
import { Deferred } from './detectors/deferred.ts'
import { DescriptorDetector } from './detectors/descriptor-detector.ts'
import type { Detector } from './detectors/detector.ts'
import { DeviceDetector } from './detectors/device-detector.ts'
import { DmaUseDetector } from './detectors/dma-use-detector.ts'
import { DumbDetector } from './detectors/dumb-detector.ts'
import { FreedDetector } from './detectors/freed-detector.ts'
import { HandleDetector } from './detectors/handle-detector.ts'
import { MappingDetector } from './detectors/mapping-detector.ts'
import { MisuseDetector } from './detectors/misuse-detector.ts'
import { NoDmaBufDetector } from './detectors/no-dma-buf-detector.ts'
import { NotAwaitedDetector } from './detectors/not-awaited-detector.ts'
import { OnScreenDetector } from './detectors/on-screen-detector.ts'
import { OperationDetector } from './detectors/operation-detector.ts'
import { OverlapDetector } from './detectors/overlap-detector.ts'
import { PlaceDetector } from './detectors/place-detector.ts'
import type { CheckResult } from './finding.ts'
import { HazardDetector } from './hazards/hazard-detector.ts'
import { BufferDescriptors } from './model/buffer-descriptors.ts'
import { History } from './model/history.ts'
import { Operations } from './model/operations.ts'
import { stackOfProgram } from './model/program-frames.ts'
import { type RuleId, rules } from './rules/index.ts'
import { rulesSeen } from './rules/lookup.ts'
import type { Shown } from './shown.ts'

export interface CheckerOptions {
  /**
   * A text that is equal for origins at one line of the program: findings there are merged.
   * Default: the program's frames of the origin's stack, which distinguish two ways to one line.
   */
  readonly site?: Site | undefined
  /** The line of an origin; findings have no `place` and no `where` if not given. */
  readonly locate?: Locate | undefined
  /** Rules that this run cannot decide; the result names them. */
  readonly notCheckable?: readonly RuleId[] | undefined
  /** Bytes in a cache line of the judged board, for naming causes. 64 if not given. */
  readonly lineSize?: number | undefined
  /** The sources of the events. Default: `everything`. */
  readonly shown?: Shown | undefined
}

export class Checker {
  readonly #history: History
  readonly #out: Collector
  readonly #detectors: readonly Detector[]

  constructor(options: CheckerOptions = {}) {
    const { shown = 'everything', notCheckable = [] } = options
    this.#history = new History(options.lineSize ?? 64, shown)
    this.#out = new Collector({
      site: options.site ?? stackOfProgram,
      locate: options.locate ?? (() => undefined),
      notCheckable: [...rulesSeen('none', shown), ...notCheckable],
      partlyCheckable: rulesSeen('part', shown),
    })
    this.#detectors = detectorsOver(this.#history, this.#out)
  }

  /** Takes in one event; they come in the order of their ids. */
  observe(event: DmabufEvent): void {
    for (const detector of this.#detectors) detector.before?.(event)
    this.#history.update(event)
    for (const detector of this.#detectors) detector.after?.(event)
  }

  /** The findings so far; after the last event, all of them. May be called again. */
  finish(): CheckResult {
    for (const detector of this.#detectors) detector.finish?.()
    return this.#out.result()
  }
}

/** In the order in which they get an event. */
function detectorsOver(history: History, out: Collector): Detector[] {
  const deferred = new Deferred(history, out)
  const operations = new Operations()
  const descriptors = new BufferDescriptors()
  return [
    new HazardDetector(history, out),
    new OperationDetector({ history, operations, descriptors, out, deferred }),
    new NotAwaitedDetector(history, deferred, { operations, descriptors }),
    new BracketDetector(history, out, deferred),
    new CpuAccessDetector(history, out, deferred, operations),
    new DeviceDetector(history, out, operations),
    new OverlapDetector(history, out),
    new DmaUseDetector(history, out),
    new MisuseDetector(history, out),
    new DescriptorDetector(history, out),
    new MappingDetector(history, out),
    new AreaDetector(out),
    new PlaceDetector(history, out),
    new FreedDetector(history, out),
    new BackingDetector(history, out),
    new HandleDetector(out),
    new DumbDetector(history, out),
    new NoDmaBufDetector(out),
    new CostDetector(history, out),
    new ContentDetector(history, out),
    new OnScreenDetector(history, out),
    ...rules.flatMap(({ detect }) =>
      detect === undefined ? [] : [detect({ history, out, deferred })],
    ),
    deferred,
  ]
}
