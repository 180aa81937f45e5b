import type { SourcePlace } from '../finding.ts'
import { placeText } from './place-text.ts'

/**
 * A stack for `error` that begins at `place`, so that test runners and editors show that line; the
 * callers of `below` follow.
 */
export function placedStack(
  error: Error,
  place: SourcePlace | undefined,
  below: (...args: never[]) => unknown,
): string {
  const first = place === undefined ? [] : [`    at the program (${placeText(place)})`]
  return [`${error.name}: ${error.message}`, ...first, ...callersOf(error, below)].join('\n')
}

function callersOf(error: Error, below: (...args: never[]) => unknown): string[] {
  const { message } = error
  const caller: { stack?: string } = {}
  if (Error.captureStackTrace !== undefined) Error.captureStackTrace(caller, below)
  else caller.stack = error.stack?.replace(message, '') ?? ''
  return (caller.stack ?? '').split('\n').filter((line) => /^\s*at |@/.test(line))
}
