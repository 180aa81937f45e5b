/** Errors about the command line, in one style for every source. */
import { existsSync } from 'node:fs'
import { nearest } from '../base/nearest.ts'
import { isProgramName } from './program-file.ts'

/** `words` with `run` in front, where they begin with a program instead of one of `commands`. */
export function withRun(words: readonly string[], commands: readonly string[]): readonly string[] {
  const first = words.find((word) => !word.startsWith('-'))
  if (first === undefined || first === 'help' || commands.includes(first)) return words
  const isNoFile = !isProgramName(first) && !/[\\/]/.test(first) && !existsSync(first)
  // A misspelt command before a program: the guess is the command's.
  if (isNoFile && nearest(first, commands) !== undefined) return words
  const isProgram = words.some(isProgramName) || /[\\/]/.test(first) || existsSync(first)
  return isProgram ? ['run', ...words] : words
}

export interface WrongUse {
  readonly message: string
  readonly advice: string
}

/** The message of commander's, `error: ...` with a guess below it, as an error of this command's. */
export function wrongUseOf(text: string): WrongUse {
  const [head = '', ...rest] = text.trim().split('\n')
  const guess = /\(Did you mean (?:one of )?(.*)\?\)/.exec(rest.join(' '))?.[1]
  const message = head.replace(/^error: /, '')
  const look = '`dmabuf --help` lists the commands, and `dmabuf COMMAND --help` the options.'
  if (guess === undefined) return { message, advice: look }
  const names = guess.split(', ').map((name) => `'${name}'`)
  return { message, advice: `Did you mean ${names.join(' or ')}? ${look}` }
}
