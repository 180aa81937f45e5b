import type { DmabufEvent, EventOrigin } from '../../events/event.ts'
import { EVENT_FIELDS } from '../../events/schema.ts'
import type { SourcePlace } from '../finding.ts'
import { FieldReader, isObject, type Json } from './field-reader.ts'
import {
  END_FIELDS,
  HEAD_FIELDS,
  ORIGIN_FIELDS,
  TRACE_FORMAT,
  TRACE_VERSION,
  type TraceEnd,
  type TraceHead,
  type TraceOrigin,
} from './format.ts'

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

/** Reads a trace line by line. Fields that it does not know are ignored. */
export class TraceReader {
  #line = 0
  #hasHead = false
  #hasEnd = false
  #lastEvent = 0
  readonly #origins = new Map<number, PlacedOrigin>()
  readonly #fields = new FieldReader({
    originOf: (number) => this.#originOf(number),
    fail: (problem) => this.#fail(problem),
  })

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
    return isObject(json) ? json : this.#fail('it is not a JSON object')
  }

  #head(json: Json): TraceItem {
    const { format, version } = json
    if (format !== TRACE_FORMAT) this.#fail(`it is not the head of a ${TRACE_FORMAT}`)
    if (version !== TRACE_VERSION) {
      this.#fail(`the trace has version ${String(version)}; this package reads ${TRACE_VERSION}`)
    }
    const head = this.#fields.read(HEAD_FIELDS, json, 'head') as unknown as TraceHead
    const { lineSize } = head
    if (!Number.isSafeInteger(lineSize) || lineSize < 1) {
      this.#fail(`'head.lineSize' is not the size of a cache line: ${lineSize}`)
    }
    this.#hasHead = true
    return { kind: 'head', head }
  }

  #event(json: Json): DmabufEvent {
    const { kind, id } = json
    if (typeof kind !== 'string' || !Object.hasOwn(EVENT_FIELDS, kind)) {
      return this.#fail(`there is no kind of event ${JSON.stringify(kind)}`)
    }
    const fields = this.#fields.read(EVENT_FIELDS[kind as DmabufEvent['kind']], json, kind)
    if (!Number.isSafeInteger(id) || (id as number) <= this.#lastEvent) {
      this.#fail(`event ${String(id)} does not follow event ${this.#lastEvent}`)
    }
    this.#lastEvent = id as number
    return { kind, ...fields } as unknown as DmabufEvent
  }

  #originOf(number: unknown): PlacedOrigin {
    const origin = this.#origins.get(number as number)
    return origin ?? this.#fail(`no line before it has source line ${String(number)}`)
  }

  #origin(json: Json): undefined {
    const {
      origin,
      place,
      site = '',
    } = this.#fields.read(ORIGIN_FIELDS, json, 'line') as unknown as TraceOrigin
    this.#origins.set(origin, { place, site })
    return undefined
  }

  #end(json: Json): TraceItem {
    const end = this.#fields.read(END_FIELDS, json.end, 'end') as unknown as TraceEnd['end']
    if (end.lastEvent !== this.#lastEvent) {
      this.#fail(
        `the run ended with event ${end.lastEvent}, and the trace with event ${this.#lastEvent}`,
      )
    }
    this.#hasEnd = true
    return { kind: 'end', end }
  }

  #fail(problem: string): never {
    throw new TraceError(this.#line, problem)
  }
}
