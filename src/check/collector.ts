/** Findings, notes and lints as they come in; the same mistake at the same place is one, counted. */
import type { Agent, BufferId, DmabufEvent, EventOrigin, Range } from '../events/event.ts'
import type {
  Because,
  CheckResult,
  Finding,
  Lint,
  Note,
  RelatedPlace,
  Severity,
  SourcePlace,
} from './finding.ts'
import { placeText } from './report/place-text.ts'
import type { RuleId } from './rules/index.ts'
import { ruleOf, supersedingRules } from './rules/lookup.ts'
import type { Superseded } from './rules/rule.ts'

/** A text that is the same for origins at the same place of the program. */
export type Site = (origin: EventOrigin) => string

/** The line of an origin, or undefined where it is not known. */
export type Locate = (origin: EventOrigin) => SourcePlace | undefined

export interface CollectorOptions {
  readonly site: Site
  readonly locate: Locate
  readonly notCheckable: readonly RuleId[]
  readonly partlyCheckable: readonly RuleId[]
}

/** A report by a rule. Fields that it leaves out come from the rule's file. */
export interface Draft {
  readonly rule: RuleId
  readonly event: DmabufEvent
  readonly message: string
  readonly because: Because
  readonly origin: EventOrigin | undefined
  readonly related?: readonly RelatedPlace[] | undefined
  readonly buffer?: BufferId | undefined
  readonly range?: Range | undefined
  /** How many bytes came out wrong. Absent for a finding that is not about bytes. */
  readonly wrongBytes?: number | undefined
  readonly hardware?: string | undefined
  readonly fix?: string | undefined
  /** Who made the mistake; the agent of `event` when left out. */
  readonly by?: Agent | undefined
  /** Distinguishes mistakes against one rule at the same place. */
  readonly kind?: string | undefined
  /** Where it is not the rule's. */
  readonly severity?: Severity | undefined
}

interface Entry {
  readonly key: string
  readonly place: string
  draft: Draft
  readonly firstEvent: number
  /** Counted apart: a store and the load that misses it are one mistake, not two. */
  protocolCount: number
  dataCount: number
  /** In the one access that got most of them wrong. */
  wrongBytes: number
}

export class Collector {
  readonly #options: CollectorOptions
  readonly #entries = new Map<string, Entry>()
  readonly #notes = new Map<
    string,
    { driver: string; message: string; count: number; firstEvent: number }
  >()
  readonly #lints = new Map<string, { draft: Draft; count: number }>()
  readonly #places = new WeakMap<EventOrigin, string>()

  constructor(options: CollectorOptions) {
    this.#options = options
  }

  report(draft: Draft): void {
    const place = this.#placeOf(draft)
    const { rule, kind } = draft
    const key = kind === undefined ? `${rule} ${place}` : `${rule} ${place} ${kind}`
    let entry = this.#entries.get(key)
    if (entry === undefined) {
      const firstEvent = draft.event.id
      entry = { key, place, draft, firstEvent, protocolCount: 0, dataCount: 0, wrongBytes: 0 }
      this.#entries.set(key, entry)
    }
    if (draft.wrongBytes === undefined) {
      entry.protocolCount++
      return
    }
    // The first data finding names the harm, which a broken rule alone cannot.
    if (entry.dataCount === 0) entry.draft = draft
    entry.dataCount++
    entry.wrongBytes = Math.max(entry.wrongBytes, draft.wrongBytes)
  }

  /** Notes of one driver with the same `kind` are merged; the first one's text is kept. */
  note(driver: string, message: string, event: DmabufEvent, kind: string = message): void {
    const key = `${driver} ${kind}`
    const known = this.#notes.get(key)
    if (known === undefined)
      this.#notes.set(key, { driver, message, count: 1, firstEvent: event.id })
    else known.count++
  }

  lint(draft: Draft): void {
    const key = `${draft.rule} ${this.#placeOf(draft)}`
    const known = this.#lints.get(key)
    if (known === undefined) this.#lints.set(key, { draft, count: 1 })
    else known.count++
  }

  result(): CheckResult {
    return {
      findings: this.#folded()
        .sort((a, b) => a.firstEvent - b.firstEvent)
        .map((entry) => findingOf(entry, this.#located)),
      notes: [...this.#notes.values()].map((note): Note => ({ ...note })),
      lints: [...this.#lints.values()].map((entry) => lintOf(entry, this.#located)),
      rulesNotCheckable: [...this.#options.notCheckable],
      rulesPartlyCheckable: [...this.#options.partlyCheckable],
    }
  }

  /**
   * One entry per mistake: a superseded entry passes its counts of bytes to the entry that stays.
   */
  #folded(): Entry[] {
    const kept = new Map([...this.#entries].map(([key, entry]) => [key, { ...entry }]))
    for (const better of supersedingRules) {
      for (const superseded of better.supersedes ?? []) this.#fold(kept, better.id, superseded)
    }
    return [...kept.values()]
  }

  #fold(kept: Map<string, Entry>, better: RuleId, { rule, ifHarmful, where }: Superseded): void {
    for (const { key, draft, place } of this.#entries.values()) {
      if (draft.rule !== rule || draft.origin === undefined) continue
      const at =
        where === 'because' ? draft.because.origin && this.#siteOf(draft.because.origin) : place
      const other = kept.get(`${better} ${at}`)
      const entry = kept.get(key)
      if (other === undefined || entry === undefined) continue
      if (ifHarmful === true && other.dataCount === 0) continue
      kept.delete(key)
      other.dataCount = Math.max(other.dataCount, entry.dataCount)
      other.wrongBytes = Math.max(other.wrongBytes, entry.wrongBytes)
    }
  }

  readonly #located = (origin: EventOrigin | undefined): Located => {
    const place = origin === undefined ? undefined : this.#options.locate(origin)
    return { place, where: place === undefined ? undefined : placeText(place) }
  }

  #placeOf({ origin, rule, buffer }: Draft): string {
    return origin === undefined ? `${rule} of buffer ${buffer}` : this.#siteOf(origin)
  }

  #siteOf(origin: EventOrigin): string {
    let place = this.#places.get(origin)
    if (place === undefined) {
      place = this.#options.site(origin)
      this.#places.set(origin, place)
    }
    return place
  }
}

/** Where an origin is, for programs and for people. */
interface Located {
  readonly place: SourcePlace | undefined
  readonly where: string | undefined
}
type Locator = (origin: EventOrigin | undefined) => Located

function findingOf(
  { draft, protocolCount, dataCount, wrongBytes, firstEvent }: Entry,
  located: Locator,
): Finding {
  const rule = ruleOf(draft.rule)
  const data = dataCount > 0
  return {
    rule: rule.id,
    group: rule.group,
    severity: draft.severity ?? (rule.severity === 'warning' ? 'warning' : 'error'),
    data,
    hidden: data && wrongBytes === 0,
    message: draft.message,
    because: { ...draft.because, ...located(draft.because.origin) },
    hardware: draft.hardware ?? rule.hardware,
    fix: fixOf(draft),
    origin: draft.origin,
    ...located(draft.origin),
    related: (draft.related ?? [])
      .filter(({ origin }) => origin !== undefined)
      .map((place) => ({ ...place, ...located(place.origin) })),
    buffer: draft.buffer,
    range: draft.range,
    wrongNow: wrongBytes > 0,
    wrongBytes,
    count: Math.max(protocolCount, dataCount),
    firstEvent,
  }
}

/** The calls that mend a driver's CPU access are the kernel's. */
function fixOf({ rule, fix, by, event }: Draft): string {
  const { driverFix, fix: usual } = ruleOf(rule)
  const isDrivers = (by ?? event.agent).kind === 'kernel'
  return fix ?? (isDrivers ? driverFix : undefined) ?? usual
}

function lintOf({ draft, count }: { draft: Draft; count: number }, located: Locator): Lint {
  const { rule, message, origin, buffer, event } = draft
  const fix = fixOf(draft)
  const firstEvent = event.id
  return { rule, message, fix, origin, ...located(origin), buffer, count, firstEvent }
}
