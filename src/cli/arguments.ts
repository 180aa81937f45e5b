/** Turning the words of the command line into values, or into errors that say what is accepted. */
import { didYouMean } from './nearest.ts'
import { UsageError } from './usage-error.ts'

/** Adds the names in `text`, which commas part, to those of earlier uses of the same option. */
export function collectNames(text: string, before: readonly string[] = []): string[] {
  const names = text.split(',').map((name) => name.trim())
  return [...new Set([...before, ...names.filter((name) => name !== '')])]
}

/** `word` as one of `names`; the error names the one that was probably meant. */
export function oneOf<T extends string>(option: string, word: string, names: readonly T[]): T {
  const found = names.find((name) => name === word)
  if (found !== undefined) return found
  throw new UsageError(`${option} '${word}' is unknown`, didYouMean(word, names))
}

/** A whole number from `min` to `max`. */
export function wholeNumber(option: string, text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw new UsageError(`${option} is '${text}': it must be a whole number from ${min} to ${max}`)
}

/** Seconds, also broken ones, above 0 and up to a day. */
export function seconds(option: string, text: string): number {
  const value = /^\d+(\.\d+)?$|^\.\d+$/.test(text) ? Number(text) : Number.NaN
  if (value > 0 && value <= 86_400) return value
  throw new UsageError(`${option} is '${text}': it must be seconds, above 0 and up to 86400`)
}
