import type { EventOrigin } from '../../events/event.ts'
import { Checker } from '../checker.ts'
import type { SourcePlace } from '../finding.ts'
import { placeText } from '../report/place-text.ts'
import type { RunReport } from '../report/run-report.ts'
import type { TraceEnd, TraceHead } from './format.ts'
import { type PlacedOrigin, TraceReader } from './reader.ts'

/** A recorded run, judged. */
export interface CheckedTrace {
  readonly report: RunReport
  /** The program's file, as it was given to the run. */
  readonly program: string
}

/**
 * May sleep. Judges a recorded run, given as its lines. The findings are those of the run that wrote it.
 * Throws a TraceError for lines that are not a trace.
 */
export async function checkTrace(
  lines: AsyncIterable<string> | Iterable<string>,
): Promise<CheckedTrace> {
  const reader = new TraceReader()
  let head: TraceHead | undefined
  let checker: Checker | undefined
  let end: TraceEnd['end'] | undefined
  for await (const line of lines) {
    if (line.trim() === '') continue
    const item = reader.read(line)
    if (item?.kind === 'head') {
      head = item.head
      checker = checkerFor(head)
    } else if (item?.kind === 'event') checker?.observe(item.event)
    else if (item?.kind === 'end') end = item.end
  }
  reader.finish()
  if (head === undefined || checker === undefined || end === undefined) {
    throw new Error('a trace that was read to its end has a head and an end')
  }
  return { report: reportOf(head, checker, end), program: head.program }
}

function checkerFor({ lineSize, shown, notCheckable }: TraceHead): Checker {
  return new Checker({ site: siteOf, locate: placeOf, lineSize, shown, notCheckable })
}

function reportOf(
  { board, judgedAs, policy, seed }: TraceHead,
  checker: Checker,
  { lastEvent: _, notes, ...rest }: TraceEnd['end'],
): RunReport {
  const result = checker.finish()
  const all = notes.length === 0 ? result.notes : [...result.notes, ...notes]
  return { board, judgedAs, policy, seed, ...result, notes: all, ...rest }
}

function placeOf(origin: EventOrigin): SourcePlace | undefined {
  return (origin as PlacedOrigin).place
}

function siteOf(origin: EventOrigin): string {
  const { place, site } = origin as PlacedOrigin
  return place === undefined ? site : placeText(place)
}
