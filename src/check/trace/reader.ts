import type { DmabufEvent, EventOrigin } from '../../events/event.ts'
import { EVENT_FIELDS } from '../../events/schema.ts'
import type { SourcePlace } from '../finding.ts'
import { TRACE_FORMAT, TRACE_VERSION, type TraceEnd, type TraceHead } from './format.ts'

/** A line that is not as docs/traces.md specifies it. */
export class TraceError extends Error {
  /** From 1. */
  readonly line: number

  constructor(line: number, problem: string) {
    super(`line ${line}: ${problem}`)
    this.name = 'TraceError'
    this.line = line
  }
}

/** An origin of a trace: its line is known, its stack is not. */
export interface PlacedOrigin extends EventOrigin {
  readonly place: SourcePlace | undefined
  /** Identifies an unknown line. */
  readonly site: string
}

/** One line of a trace. */
export type TraceItem =
  | { readonly kind: 'head'; readonly head: TraceHead }
  | { readonly kind: 'event'; readonly event: DmabufEvent }
  | { readonly kind: 'end'; readonly end: TraceEnd['end'] }

type Json = Readonly<Record<string, unknown>>

/** Reads a trace line by line. Fields that it does not know are ignored. */
export class TraceReader {
  #line = 0
  #hasHead = false
  #hasEnd = false
  #lastEvent = 0
  readonly #origins = new Map<number, PlacedOrigin>()

  /** The content of the next line; undefined for one that only names a source line. Throws a TraceError. */
  read(text: string): TraceItem | undefined {
    this.#line++
    if (this.#hasEnd) this.#fail('there is a line after the end of the run')
    const json = this.#parse(text)
    if (!this.#hasHead) return this.#head(json)
    if ('kind' in json) return { kind: 'event', event: this.#event(json) }
    if ('end' in json) return this.#end(json)
    if ('origin' in json) return this.#origin(json)
    return this.#fail('it is neither an event, nor a source line, nor the end of the run')
  }

  /** There are no more lines. Throws a TraceError if the trace is cut short. */
  finish(): void {
    if (this.#hasEnd) return
    this.#line++
    this.#fail(this.#hasHead ? 'the trace ends before the run does' : 'the trace is empty')
  }

  #parse(text: string): Json {
    let json: unknown
    try {
      json = JSON.parse(text)
    } catch {
      this.#fail(this.#hasHead ? 'it is not JSON' : `it is not the head of a ${TRACE_FORMAT}`)
    }
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      return this.#fail('it is not a JSON object')
    }
    return json as Json
  }

  #head(json: Json): TraceItem {
    const { format, version } = json
    if (format !== TRACE_FORMAT) this.#fail(`it is not the head of a ${TRACE_FORMAT}`)
    if (version !== TRACE_VERSION) {
      this.#fail(`the trace has version ${String(version)}; this package reads ${TRACE_VERSION}`)
    }
    for (const name of ['program', 'board', 'judgedAs', 'policy', 'shown']) {
      if (typeof json[name] !== 'string') this.#fail(`the head has no text '${name}'`)
    }
    for (const name of ['seed', 'lineSize']) {
      if (!Number.isSafeInteger(json[name])) this.#fail(`the head has no whole number '${name}'`)
    }
    if (!Array.isArray(json.notCheckable)) this.#fail("the head has no list 'notCheckable'")
    this.#hasHead = true
    return { kind: 'head', head: json as unknown as TraceHead }
  }

  #event(json: Json): DmabufEvent {
    const { kind, id } = json
    const fields = EVENT_FIELDS[kind as DmabufEvent['kind']] as
      | (typeof EVENT_FIELDS)['call']
      | undefined
    if (fields === undefined) return this.#fail(`there is no kind of event ${JSON.stringify(kind)}`)
    const missing = fields.required.find((name) => json[name] === undefined)
    if (missing !== undefined) this.#fail(`the event '${String(kind)}' has no '${missing}'`)
    if (!Number.isSafeInteger(id) || (id as number) <= this.#lastEvent) {
      this.#fail(`event ${String(id)} does not follow event ${this.#lastEvent}`)
    }
    this.#lastEvent = id as number
    return this.#withOrigins(json) as unknown as DmabufEvent
  }

  #withOrigins(json: Json): Json {
    return Object.fromEntries(
      Object.entries(json).map(([name, value]) => {
        if (name === 'origin') return [name, this.#originOf(value)]
        const isNested = typeof value === 'object' && value !== null && !Array.isArray(value)
        return [name, isNested ? this.#withOrigins(value as Json) : value]
      }),
    )
  }

  #originOf(number: unknown): PlacedOrigin {
    const origin = this.#origins.get(number as number)
    return origin ?? this.#fail(`no line before it has source line ${String(number)}`)
  }

  #origin({ origin, place, site }: Json): undefined {
    if (!Number.isSafeInteger(origin)) this.#fail("'origin' is not a whole number")
    this.#origins.set(origin as number, {
      place: place as SourcePlace | undefined,
      site: typeof site === 'string' ? site : '',
    })
    return undefined
  }

  #end({ end }: Json): TraceItem {
    if (typeof end !== 'object' || end === null) return this.#fail("'end' is not an object")
    const { lastEvent, cost, notes } = end as TraceEnd['end']
    if (lastEvent !== this.#lastEvent) {
      this.#fail(
        `the run ended with event ${lastEvent}, and the trace with event ${this.#lastEvent}`,
      )
    }
    if (typeof cost !== 'object' || !Array.isArray(notes)) this.#fail("'end' has no cost or notes")
    this.#hasEnd = true
    return { kind: 'end', end: end as TraceEnd['end'] }
  }

  #fail(problem: string): never {
    throw new TraceError(this.#line, problem)
  }
}
