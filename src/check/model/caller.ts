/** The callers of a line, from its stack. */
import type { EventOrigin } from '../../events/event.ts'

/** A frame of a stack that has a position. */
const FRAME = /:\d+:\d+\)?$/

/**
 * The line that called the function in which `origin` is; undefined where that function had slept
 * before, so that nothing called it.
 */
export function callerOf(origin: EventOrigin | undefined): EventOrigin | undefined {
  const frames = origin?.stack?.split('\n').filter((line) => FRAME.test(line))
  const caller = frames?.[1]
  return caller === undefined || /^\s*at async /.test(caller) ? undefined : { stack: caller }
}
