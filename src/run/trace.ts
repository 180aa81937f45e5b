import type { TraceHead } from '../check/trace/format.ts'
import { TraceWriter } from '../check/trace/writer.ts'
import type { Callbacks } from './callbacks.ts'
import { placeOf } from './places.ts'
import type { TraceTarget } from './run-program.ts'

/** The writer of a run's record, if one was asked for. An error of the target ends the run. */
export function traceFor(
  target: TraceTarget | undefined,
  callbacks: Callbacks,
  head: Omit<TraceHead, 'format' | 'version' | 'program'>,
): TraceWriter | undefined {
  if (target === undefined) return undefined
  return new TraceWriter({
    head: { program: target.program, ...head },
    locate: placeOf,
    write: callbacks.guarded('trace.write', target.write),
  })
}
