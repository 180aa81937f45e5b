/** From stacks to lines of the user's program. */
import type { SourcePlace } from '../check/finding.ts'
import type { EventOrigin } from '../events/event.ts'
import { formatOrigin, isDisposal } from '../tap/format-origin.ts'
import type { StackFrame } from '../tap/stack.ts'
import { errorsIn, fullMessageOf, isError, originOf } from './thrown.ts'

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

/** `the program threw: EBADF ...` for `who`, and whether it came from an object of a `using` declaration. */
export function threwText(who: string, thrown: unknown): string {
  const [first] = errorsIn(thrown)
  const isItsEnd = isError(first) && isDisposal(first)
  const when = isItsEnd ? ' while an object of `using` was disposed' : ''
  return `${who} threw${when}: ${fullMessageOf(thrown)}`
}

function toPlace({ file, line, column }: StackFrame): SourcePlace {
  return { file, line, column }
}

function isFile(file: string): boolean {
  return /^(?:\/|[A-Za-z]:|https?:)/.test(file)
}
