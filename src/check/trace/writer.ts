import type { DmabufEvent, EventOrigin } from '../../events/event.ts'
import type { Locate } from '../collector.ts'
import { stackOfProgram } from '../model/program-frames.ts'
import type { RunReport } from '../report/run-report.ts'
import { TRACE_FORMAT, TRACE_VERSION, type TraceEnd, type TraceHead } from './format.ts'

export interface TraceWriterOptions {
  readonly head: Omit<TraceHead, 'format' | 'version'>
  /** The line of an origin. */
  readonly locate: Locate
  /** Takes each line, which ends with a newline, in order. */
  readonly write: (line: string) => void
}

/** Writes the events of one run as lines of JSON, as they happen. */
export class TraceWriter {
  readonly #locate: Locate
  readonly #write: (line: string) => void
  /** Events of one call share one origin: its identity is part of the trace. */
  readonly #origins = new Map<EventOrigin, number>()
  #lastEvent = 0

  constructor({ head, locate, write }: TraceWriterOptions) {
    this.#locate = locate
    this.#write = write
    this.#line({ format: TRACE_FORMAT, version: TRACE_VERSION, ...head })
  }

  event(event: DmabufEvent): void {
    this.#lastEvent = event.id
    const { id, time, kind, ...rest } = event
    this.#line({ id, time, kind, ...this.#withOrigins(rest) })
  }

  /** The run is over: `report` is its result. */
  end(report: Omit<RunReport, 'findings' | 'lints'>): void {
    const { cost, frames, wrongFrames, firstWrongFrame, kernel, notes, schedule } = report
    const end: TraceEnd['end'] = {
      ...{ cost, frames, wrongFrames, firstWrongFrame, kernel, schedule },
      error: plainError(report.error),
      notes: notes.filter(({ about }) => about === 'run'),
      lastEvent: this.#lastEvent,
    }
    this.#line({ end })
  }

  /** Replaces every origin, at any depth, by its number. */
  #withOrigins(value: object): object {
    return Object.fromEntries(
      Object.entries(value).map(([name, one]: [string, unknown]) => {
        if (name === 'origin' && typeof one === 'object' && one !== null) {
          return [name, this.#numberOf(one)]
        }
        const isNested = typeof one === 'object' && one !== null && !Array.isArray(one)
        return [name, isNested ? this.#withOrigins(one) : one]
      }),
    )
  }

  #numberOf(origin: EventOrigin): number {
    const known = this.#origins.get(origin)
    if (known !== undefined) return known
    const number = this.#origins.size + 1
    this.#origins.set(origin, number)
    const place = this.#locate(origin)
    this.#line({
      origin: number,
      place,
      site: place === undefined ? stackOfProgram(origin) : undefined,
    })
    return number
  }

  #line(value: object): void {
    this.#write(`${JSON.stringify(value)}\n`)
  }
}

/** Without the thrown value, which may be anything. */
function plainError(
  error: (RunReport['error'] & { cause?: unknown }) | undefined,
): RunReport['error'] {
  if (error === undefined) return undefined
  const { cause: _, ...plain } = error
  return plain
}
