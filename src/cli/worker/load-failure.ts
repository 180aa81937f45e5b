/** Why there is no program to run, and the remedy. */
import { readFileSync } from 'node:fs'
import { isAbsolute, relative } from 'node:path'
import { placesOf } from '../../run/places.ts'
import { isError, messageOf, namedMessageOf } from '../../run/thrown.ts'
import { normalizeFile } from '../../tap/stack.ts'
import type { Failure, Place } from '../runs/record.ts'

const PROGRAM = 'A program is `export default async (kernel) => { ... }`.'

/** The file has no default export, or one that cannot be called. */
export function notAProgram(file: string, found: unknown): Failure {
  const message =
    found === undefined || isEmptyModule(found)
      ? 'the file has no default export'
      : `the default export must be a function (its type is ${typeof found})`
  return { kind: 'not-loaded', message, advice: PROGRAM, place: { file, line: 1, column: 1 } }
}

/** The exports of a file that exports nothing, which was taken for CommonJS. */
function isEmptyModule(found: unknown): boolean {
  return typeof found === 'object' && found !== null && Reflect.ownKeys(found).length === 0
}

/** The error of importing `file`, as a failure that points into the user's files. */
export function loadFailure(file: string, error: unknown): Failure {
  const message = messageOf(error)
  return (
    transformFailure(message) ??
    packageFailure(message) ??
    nameFailure(error, message) ??
    (isSyntaxError(error)
      ? failure(`the program does not compile: ${message}`, undefined, { file, line: 1, column: 1 })
      : thrownFailure(error))
  )
}

/** As `TransformError` has it. Errors lose their class on the way out of the hooks' thread. */
function transformFailure(message: string): Failure | undefined {
  const match = /^(.+?):(\d+):(\d+): ERROR: (.*)$/m.exec(message)
  if (match === null) return undefined
  const [, file = '', line, column, what] = match
  const place = { file, line: Number(line), column: Number(column) }
  return failure(`the program does not compile: ${what}`, undefined, place)
}

/** A module that is not there. */
function packageFailure(message: string): Failure | undefined {
  const match = /Cannot find (package|module) '([^']+)'(?: imported from ([^\n]+))?/.exec(message)
  if (match === null) return undefined
  const [, what, name = '', from] = match
  const advice =
    what === 'package'
      ? `Install it beside the program: npm install ${name}`
      : 'Check the path; it needs its file extension.'
  const shown = isAbsolute(name) ? relative(process.cwd(), name) : name
  return failure(`cannot find ${what} '${shown}'`, advice, mention(from, lastPart(name)))
}

/** A name that a module does not export. The stack of such an error starts with the importing file. */
function nameFailure(error: unknown, message: string): Failure | undefined {
  const match = /does not provide an export named '([^']+)'/.exec(message)
  if (match === null) return undefined
  const [, file] = /^(.+):\d+\n/.exec(stackOf(error)) ?? []
  return failure(`the program does not compile: ${message}`, undefined, mention(file, match[1]))
}

function thrownFailure(error: unknown): Failure {
  const [place, ...callers] = placesOf(error)
  const message = `the file threw when it was loaded: ${namedMessageOf(error)}`
  return { kind: 'not-loaded', message, place, callers }
}

/** Where `file` first imports something by the word `name`. */
function mention(file: string | undefined, name = ''): Place | undefined {
  if (file === undefined || name === '') return undefined
  const path = normalizeFile(file)
  try {
    const lines = readFileSync(path, 'utf8').split('\n')
    const index = lines.findIndex((text) => /import|require|from/.test(text) && text.includes(name))
    if (index < 0) return undefined
    return { file: path, line: index + 1, column: (lines[index] ?? '').indexOf(name) + 1 }
  } catch {
    return undefined
  }
}

function lastPart(path: string): string {
  return path.split(/[\\/]/).at(-1) ?? path
}

function isSyntaxError(error: unknown): boolean {
  return isError(error) && /^SyntaxError\b/.test(namedMessageOf(error))
}

function stackOf(error: unknown): string {
  try {
    return isError(error) ? String(error.stack) : ''
  } catch {
    return ''
  }
}

function failure(message: string, advice?: string, place?: Place): Failure {
  return { kind: 'not-loaded', message, advice, place }
}
