/** Finding the file of a program. */
import { readdirSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { guessText } from '../base/nearest.ts'
import { UsageError } from './usage-error.ts'

const PROGRAMS = /\.[cm]?[jt]sx?$/

/** Whether `name` ends as the file of a program does. */
export function isProgramName(name: string): boolean {
  return PROGRAMS.test(name)
}

/** The absolute path of `file`. Throws a UsageError where it cannot be a program. */
export function programFile(file: string): string {
  const path = resolve(file)
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) throw new UsageError(`there is no file ${file}`, otherFile(file))
  if (!found.isFile()) throw new UsageError(`${file} is not a file`)
  if (isProgramName(path)) return path
  throw new UsageError(
    `${file} is not a program`,
    'It must end in .ts, .mts, .cts, .js, .mjs or .cjs.',
  )
}

function otherFile(file: string): string {
  const paths = `Paths are relative to ${process.cwd()}.`
  const names = programsBeside(resolve(file)).map((name) => join(dirname(file), name))
  return [guessText(join(file), names), paths].filter((text) => text !== undefined).join(' ')
}

function programsBeside(path: string): string[] {
  try {
    return readdirSync(dirname(path)).filter(isProgramName)
  } catch {
    return []
  }
}
