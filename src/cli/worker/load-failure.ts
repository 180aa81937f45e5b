/** Why there is no program to run, and what to do about it. */
import { readFileSync } from 'node:fs'
import { extname, isAbsolute, relative } from 'node:path'
import { placesOf } from '../../run/places.ts'
import type { Failure, Place } from '../runs/record.ts'
import { nodeSyntaxError, shownSyntaxError } from './syntax-error.ts'

const PROGRAM = 'A program is `export default async (kernel) => { ... }`.'

/** The file has no default export, or one that cannot be called. */
export function notAProgram(file: string, found: unknown): Failure {
  const message =
    found === undefined
      ? 'the file has no default export'
      : `the default export is ${typeof found}, not a function`
  return { kind: 'not-loaded', message, advice: PROGRAM, place: { file, line: 1, column: 1 } }
}

/** May sleep. What importing `file` threw, as a failure that points into the user's files. */
export async function loadFailure(file: string, error: unknown): Promise<Failure> {
  if (!(error instanceof Error)) return failure(`the file threw ${String(error)} when loaded`)
  return (
    transformFailure(error) ??
    importFailure(error) ??
    (error.name === 'SyntaxError' ? await syntaxFailure(file, error) : thrownFailure(error))
  )
}

/** esbuild's report: `FILE:LINE:COLUMN: ERROR: what`, columns counted from 0. */
function transformFailure({ message }: Error): Failure | undefined {
  const match = /^(.+?):(\d+):(\d+): ERROR: (.*)$/m.exec(message)
  if (match === null) return undefined
  const [, file = '', line, column, what] = match
  const place = { file, line: Number(line), column: Number(column) + 1 }
  return failure(`the program does not compile: ${what}`, undefined, place)
}

/** A module that is not there. */
function importFailure({ message }: Error): Failure | undefined {
  const match = /Cannot find (package|module) '([^']+)'(?: imported from ([^\n]+))?/.exec(message)
  if (match === null) return undefined
  const [, what, name = '', from] = match
  const advice =
    name === 'dmabuf'
      ? 'require() cannot reach it: write `import ... from "dmabuf"`.'
      : what === 'package'
        ? `Install it beside the program: npm install ${name}`
        : 'Check the path; it needs its file extension.'
  const shown = isAbsolute(name) ? relative(process.cwd(), name) : name
  return failure(`the program imports '${shown}', which is not there`, advice, mention(from, name))
}

async function syntaxFailure(file: string, error: Error): Promise<Failure> {
  const shown = shownSyntaxError(error) ?? (await nodeSyntaxError(file))
  const message = `the program does not compile: ${error.message}`
  if (shown === undefined) return failure(message)
  return failure(message, usingAdvice(shown.place, shown.text), shown.place)
}

/** Plain JavaScript is not lowered, and `using` is news to the Node that runs it. */
function usingAdvice({ file }: Place, text: string): string | undefined {
  if (!/\busing\s+\w/.test(text) || !extname(file).includes('js')) return undefined
  return (
    `Node ${process.versions.node} cannot parse \`using\` in plain JavaScript: name the file .ts ` +
    '(.mts), or use the callback form, `await buf.withCpuAccess(kind, (bytes) => { ... })`.'
  )
}

function thrownFailure(error: Error): Failure {
  const [place, ...callers] = placesOf(error)
  const message = `the file threw when it was loaded: ${error.name}: ${error.message}`
  return { kind: 'not-loaded', message, place, callers }
}

/** Where `file` first speaks of the module `name`. */
function mention(file: string | undefined, name: string): Place | undefined {
  if (file === undefined) return undefined
  const word = name.split(/[\\/]/).at(-1) ?? name
  try {
    const lines = readFileSync(file, 'utf8').split('\n')
    const index = lines.findIndex((text) => /import|require|from/.test(text) && text.includes(word))
    return index < 0 ? undefined : { file, line: index + 1, column: 1 }
  } catch {
    return undefined
  }
}

function failure(message: string, advice?: string, place?: Place): Failure {
  return { kind: 'not-loaded', message, advice, place }
}
