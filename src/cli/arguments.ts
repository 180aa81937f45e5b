/** Turns the words of the command line into values, or into errors that list the accepted ones. */
import { didYouMean } from '../base/nearest.ts'
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
  throw new UsageError(
    `${option} is '${text}': it must be a number of seconds above 0 and at most 86400`,
  )
}

/** The simulated camera's limits, in pixels and in pictures a second. */
const SIDE = { min: 16, max: 8192 }
const RATE = { min: 1, max: 1000 }

export interface PictureSize {
  readonly width: number
  readonly height: number
  /** Pictures a second. */
  readonly rate: number | undefined
}

/** `1920x1080` or `1920x1080@60`. */
export function pictureSize(option: string, text: string): PictureSize {
  const match = /^(\d+)x(\d+)(?:@(\d+))?$/.exec(text)
  if (match === null) {
    throw new UsageError(`${option} is '${text}': it must be WIDTHxHEIGHT or WIDTHxHEIGHT@RATE`)
  }
  const [width, height] = [Number(match[1]), Number(match[2])]
  for (const side of [width, height]) {
    if (side >= SIDE.min && side <= SIDE.max && side % 2 === 0) continue
    throw new UsageError(
      `${option} is '${text}': both sides must be even numbers from ${SIDE.min} to ${SIDE.max}`,
    )
  }
  const rate = match[3] === undefined ? undefined : Number(match[3])
  if (rate !== undefined && (rate < RATE.min || rate > RATE.max)) {
    throw new UsageError(
      `${option} is '${text}': the rate must be a whole number from ${RATE.min} to ${RATE.max}`,
    )
  }
  return { width, height, rate }
}
