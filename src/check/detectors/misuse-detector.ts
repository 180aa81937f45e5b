/**
 * Warnings of the kernel's own checks: a finding against a custom driver, a note of a modelled one.
 */

import type {
  AccessEdgeEvent,
  BufferId,
  DmabufEvent,
  MisuseEvent,
  ReleaseEvent,
} from '../../events/event.ts'
import type { Collector, Draft } from '../collector.ts'
import type { Because } from '../finding.ts'
import type { History } from '../model/history.ts'
import { Newest } from '../model/newest.ts'
import type { RuleId } from '../rules/index.ts'
import { flagsOf } from '../words.ts'
import { AFTER_RELEASE, Consequences } from './consequences.ts'
import type { Detector } from './detector.ts'
import { misuseOf } from './misuse-table.ts'

/** Misuse whose harm is reported at the same place: one mistake. */
const MERGED: ReadonlySet<RuleId> = new Set([
  'mapping-direction',
  'shared-line',
  'use-after-release',
])

const MOST_RELEASED = 1024

export class MisuseDetector implements Detector {
  readonly #history: History
  readonly #out: Collector
  /** Syncs of unmapped memory in an exporter's operation, until the SYNC that called it returns. */
  #unknownSyncs: MisuseEvent[] = []
  readonly #consequences = new Consequences()
  /** When buffers and memory went, for who uses them afterwards; those that went last. */
  readonly #released = new Map<BufferId, ReleaseEvent>()
  readonly #newestReleased = new Newest<BufferId>(MOST_RELEASED)

  constructor(history: History, out: Collector) {
    this.#history = history
    this.#out = out
  }

  before(event: DmabufEvent): void {
    if (event.kind === 'cpu-access-begin' || event.kind === 'cpu-access-end')
      this.#explainSyncs(event)
    if (event.kind === 'release') this.#remember(event)
    if (event.kind !== 'misuse' || this.#consequences.has(event)) return
    if (event.driver.modelled) this.#note(event)
    else if (event.code === 'sync-unknown' && event.during !== undefined)
      this.#unknownSyncs.push(event)
    else this.#out.report(this.#draft(event))
  }

  #remember(event: ReleaseEvent): void {
    this.#released.set(event.buffer, event)
    const dropped = this.#newestReleased.add(event.buffer)
    if (dropped !== undefined) this.#released.delete(dropped)
  }

  #note(event: MisuseEvent): void {
    const { driver, operation, text, code } = event
    const details = lastingDetails(text).join(', ')
    const says = `${operation} ${misuseOf(code).says}`
    this.#out.note(driver.name, details === '' ? `${says}.` : `${says}: ${details}.`, event, code)
  }

  /** Nothing more comes: the SYNCs of these did not return. */
  finish(): void {
    for (const misuse of this.#unknownSyncs) this.#out.report(this.#draft(misuse))
    this.#unknownSyncs = []
  }

  #explainSyncs(event: AccessEdgeEvent): void {
    if (this.#unknownSyncs.length === 0) return
    const isIts = ({ within }: MisuseEvent): boolean => within === event.within
    const its = this.#unknownSyncs.filter(isIts)
    this.#unknownSyncs = this.#unknownSyncs.filter((misuse) => !isIts(misuse))
    for (const misuse of its) this.#out.report(inSync(this.#draft(misuse), event))
  }

  #draft(event: MisuseEvent): Draft {
    const { code, operation, driver, text, buffer, range, id } = event
    const { rule, says, fix, severity } = misuseOf(code)
    const where = event.device === undefined ? '' : ` for ${event.device}`
    const known = buffer === undefined ? undefined : this.#history.buffer(buffer)
    const mapped = known?.mapped(event.mapping)?.map
    return {
      rule,
      kind: MERGED.has(rule) ? undefined : code,
      event,
      message: `${driver.name}: ${operation}${where} ${says} (event ${id}): ${detailsOf(withoutName(text, operation)).join(', ')}.`,
      because: this.#becauseOf(event),
      origin: event.origin ?? mapped?.origin ?? known?.exported?.origin,
      buffer,
      range,
      fix,
      severity,
    }
  }

  #becauseOf({ code, against, buffer, mapping, operation }: MisuseEvent): Because {
    const { missing } = misuseOf(code)
    if (missing !== undefined) return { text: `No ${missing} of it was seen.` }
    const map = buffer === undefined ? undefined : this.#history.buffer(buffer).mapped(mapping)?.map
    if (map !== undefined && (against === undefined || against === map.id)) {
      const text = `The mapping was made at event ${map.id}.`
      return { text, event: map.id, origin: map.origin }
    }
    const released = buffer === undefined ? undefined : this.#released.get(buffer)
    if (released !== undefined && AFTER_RELEASE.has(code)) {
      const { id, origin } = released
      return { text: `It was released at event ${id}.`, event: id, origin }
    }
    if (against === undefined) return { text: `The contract of ${operation} does not allow this.` }
    return { text: `It contradicts event ${against}.`, event: against }
  }
}

/** SYNC returned success and did not sync: reported at the place in the driver's file. */
function inSync(draft: Draft, sync: AccessEdgeEvent): Draft {
  return {
    ...draft,
    rule: 'sync-is-noop',
    kind: undefined,
    origin: draft.origin ?? sync.origin,
    related: [{ label: `the program sent ${flagsOf(sync)} here`, origin: sync.origin }],
    fix: 'Remember per attachment whether it is mapped, and sync only those that are.',
  }
}

/** Kernel messages begin with the function that prints them, which was named already. */
function withoutName(text: string, operation: string): string {
  const name = `${operation}: `
  return text.startsWith(name) ? text.slice(name.length) : text
}

/**
 * The parts of the kernel's text in `[...]`, as `[map size=4096 bytes] [unmap size=8192 bytes]`, or
 * all of it.
 */
function detailsOf(text: string): string[] {
  const values = [...text.matchAll(/\[([^\]]*)\]/g)].map(([, value = '']) => value)
  return values.length > 0 ? values : [text.replaceAll(/\.\s+/g, '; ').replace(/\.$/, '')]
}

/** The same for every buffer. */
function lastingDetails(text: string): string[] {
  return detailsOf(text).filter((value) => !/^(device address|size|addr)=/.test(value))
}
