/** From stacks to places in the user's program. */
import { fileURLToPath } from 'node:url'
import type { EventOrigin } from '../../events/event.ts'
import { formatOrigin } from '../../tap/format-origin.ts'
import type { StackFrame } from '../../tap/stack.ts'
import type { Place } from '../runs/record.ts'

/** How many callers are worth showing. */
const CALLERS = 4

/** The first of the user's lines in a stack. */
export function placeOf(origin: EventOrigin | undefined): Place | undefined {
  const site = formatOrigin(origin)
  return site === undefined ? undefined : toPlace(site)
}

/** The user's lines that a stack goes through, innermost first, where they are lines of files. */
export function placesOf(thrown: unknown): Place[] {
  const site = thrown instanceof Error ? formatOrigin(thrown) : undefined
  const frames = site?.frames ?? []
  return frames
    .filter(({ file }) => isFile(file))
    .slice(0, CALLERS)
    .map(toPlace)
}

function toPlace({ file, line, column }: StackFrame): Place {
  return { file: file.startsWith('file:') ? fileURLToPath(file) : file, line, column }
}

function isFile(file: string): boolean {
  return /^(?:\/|[A-Za-z]:|file:)/.test(file)
}
