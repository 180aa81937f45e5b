/** From stacks to lines of the user's program. */
import type { SourcePlace } from '../check/finding.ts'
import type { EventOrigin } from '../events/event.ts'
import { formatOrigin } from '../tap/format-origin.ts'
import type { StackFrame } from '../tap/stack.ts'
import { originOf } from './thrown.ts'

/** How many callers are worth showing. */
const CALLERS = 4

/** The first of the user's lines in a stack. */
export function placeOf(origin: EventOrigin | undefined): SourcePlace | undefined {
  const site = formatOrigin(origin)
  return site === undefined ? undefined : toPlace(site)
}

/** The user's lines that a stack goes through, innermost first, where they are lines of files. */
export function placesOf(thrown: unknown): SourcePlace[] {
  const frames = formatOrigin(originOf(thrown))?.frames ?? []
  return frames
    .filter(({ file }) => isFile(file))
    .slice(0, CALLERS)
    .map(toPlace)
}

function toPlace({ file, line, column }: StackFrame): SourcePlace {
  return { file, line, column }
}

function isFile(file: string): boolean {
  return /^(?:\/|[A-Za-z]:|https?:)/.test(file)
}
