/** Findings, notes and lints as they come in; the same mistake at the same place is one, counted. */
import type { Agent, BufferId, DmabufEvent, EventOrigin, Range } from '../events/event.ts'
import { driverFix } from './driver-fix.ts'
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
import type { RuleId } from './rule-id.ts'
import { ruleOf } from './rules.ts'

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

/** What a rule says; the table says the rest. */
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
  /** Tells apart mistakes against one rule at the same place. */
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

/** Where both rules find something at the same place, the first says all that the second does. */
const SAYS_MORE: readonly {
  readonly more: RuleId
  readonly less: RuleId
  /** Only where the first has seen wrong bytes by itself. */
  readonly harmful: boolean
}[] = [
  // An access that is not awaited comes too late for whatever it was to protect.
  { more: 'bracket-not-awaited', less: 'bracket-over-dma', harmful: false },
  { more: 'bracket-not-awaited', less: 'write-outside-bracket', harmful: false },
  // Bytes that no access governs are also stored while a device reads them.
  { more: 'uncovered-mapping', less: 'early-reuse', harmful: false },
  { more: 'early-invalidate', less: 'bracket-over-dma', harmful: true },
  // A view is presumed to be read: where it is stored through, that is the mistake to tell.
  { more: 'write-outside-bracket', less: 'read-outside-bracket', harmful: false },
  { more: 'use-after-release', less: 'read-outside-bracket', harmful: false },
  // A store that nobody cleaned is missed, and later comes over other bytes.
  { more: 'write-outside-bracket', less: 'dirty-over-dma', harmful: true },
]

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

  /** Notes of one driver with the same `kind` are one; the first says what it was. */
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

  /** One entry per mistake; what a dropped one knew about bytes goes to the one that stays. */
  #folded(): Entry[] {
    const kept = new Map([...this.#entries].map(([key, entry]) => [key, { ...entry }]))
    for (const { more, less, harmful } of SAYS_MORE) {
      for (const entry of this.#entries.values()) {
        if (entry.draft.rule !== less || entry.draft.origin === undefined) continue
        const other = kept.get(`${more} ${entry.place}`)
        if (other === undefined || (harmful && other.dataCount === 0)) continue
        kept.delete(entry.key)
        other.dataCount = Math.max(other.dataCount, entry.dataCount)
        other.wrongBytes = Math.max(other.wrongBytes, entry.wrongBytes)
      }
    }
    for (const { key, draft } of this.#entries.values()) if (this.#isOfFree(draft)) kept.delete(key)
    return [...kept.values()]
  }

  /** A use of memory that is reported where it is freed too early: the code that uses it is right. */
  #isOfFree({ rule, because: { origin } }: Draft): boolean {
    if (rule !== 'use-after-release' || origin === undefined) return false
    return this.#entries.has(`freed-in-use ${this.#siteOf(origin)}`)
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

function fixOf({ rule, fix, by, event }: Draft): string {
  return fix ?? driverFix(rule, by ?? event.agent) ?? ruleOf(rule).fix
}

function lintOf({ draft, count }: { draft: Draft; count: number }, located: Locator): Lint {
  const { rule, message, origin, buffer, event } = draft
  const fix = fixOf(draft)
  const firstEvent = event.id
  return { rule, message, fix, origin, ...located(origin), buffer, count, firstEvent }
}
