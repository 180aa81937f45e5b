/**
 * Checks of the arguments of public functions, with the errors that Node's own functions throw:
 * `code` is ERR_INVALID_ARG_TYPE (a TypeError), ERR_INVALID_ARG_VALUE (a TypeError) or
 * ERR_OUT_OF_RANGE (a RangeError), and the message names the argument, the condition, and the
 * received value.
 *
 * Every check runs before anything is allocated or asked of the kernel.
 */

import { U32_MAX } from '../base/bits.ts'
import { guessText, nearest } from '../base/nearest.ts'

/** An error of these checks, as far as its `code` goes. */
export interface ArgumentError extends Error {
  readonly code: 'ERR_INVALID_ARG_TYPE' | 'ERR_INVALID_ARG_VALUE' | 'ERR_OUT_OF_RANGE'
}

const LONGEST_TEXT = 40

/** A short description of any value; none of its code is called. */
export function received(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  switch (typeof value) {
    case 'function':
      return 'a function'
    case 'object':
      return Array.isArray(value) ? 'an array' : 'an object'
    case 'string':
      return `type string (${quoted(value)})`
    case 'bigint':
      return `type bigint (${value}n)`
    default:
      return `type ${typeof value} (${String(value)})`
  }
}

function quoted(text: string): string {
  const cut = text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}...` : text
  return `'${cut}'`
}

/** `name` is not `expected`, which reads as "of type number" or "a DmaBuf". */
export function wrongType(name: string, expected: string, value: unknown): ArgumentError {
  const message = `The "${name}" argument must be ${expected}. Received ${received(value)}`
  return Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_TYPE' as const })
}

/** `name` has the right type; `reason` says which values there are. */
export function wrongValue(name: string, reason: string, value: unknown): ArgumentError {
  const text = typeof value === 'string' ? quoted(value) : received(value)
  const message = `The argument "${name}" ${reason}. Received ${text}`
  return Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_VALUE' as const })
}

/** `name` is a number outside of `range`, which reads as "an integer >= 0 && <= 9". */
export function outOfRange(name: string, range: string, value: number): ArgumentError {
  const message = `The value of "${name}" is out of range. It must be ${range}. Received ${value}`
  return Object.assign(new RangeError(message), { code: 'ERR_OUT_OF_RANGE' as const })
}

/** An integer from `low` to `high`. */
export function integer(
  name: string,
  value: unknown,
  low: number = 0,
  high: number = Number.MAX_SAFE_INTEGER,
): asserts value is number {
  number(name, value)
  if (Number.isInteger(value) && value >= low && value <= high) return
  throw outOfRange(name, `an integer >= ${low} && <= ${high}`, value)
}

/** An integer that a kernel structure's field of 32 bits holds: `__u32`. */
export function uint32(name: string, value: unknown): asserts value is number {
  integer(name, value, 0, U32_MAX)
}

/** A file descriptor. */
export function descriptor(name: string, value: unknown): asserts value is number {
  integer(name, value, 0, 0x7fffffff)
}

/** Any number, NaN included. */
export function number(name: string, value: unknown): asserts value is number {
  if (typeof value !== 'number') throw wrongType(name, 'of type number', value)
}

export function bigint(name: string, value: unknown): asserts value is bigint {
  if (typeof value !== 'bigint') throw wrongType(name, 'of type bigint', value)
}

/** A finite number. */
export function finite(name: string, value: unknown): asserts value is number {
  number(name, value)
  if (!Number.isFinite(value)) throw outOfRange(name, 'a finite number', value)
}

/** A text without NUL, which C could not pass on. */
export function text(name: string, value: unknown): asserts value is string {
  if (typeof value !== 'string') throw wrongType(name, 'of type string', value)
  if (value.includes('\0')) throw wrongValue(name, 'must be a string without null bytes', value)
}

/** Memory of single bytes. */
export function bytes(name: string, value: unknown): asserts value is Uint8Array {
  const isBytes = ArrayBuffer.isView(value) && (value as Uint8Array).BYTES_PER_ELEMENT === 1
  if (!isBytes) throw wrongType(name, 'a Uint8Array', value)
}

export function callable(name: string, value: unknown): void {
  if (typeof value !== 'function') throw wrongType(name, 'of type function', value)
}

/** An object with each of `members`; `expected` names it, such as "a DmaBuf". */
export function having(
  name: string,
  value: unknown,
  expected: string,
  ...members: readonly string[]
): asserts value is object {
  const isObject = typeof value === 'object' && value !== null
  if (isObject && members.every((member) => member in value)) return
  throw wrongType(name, expected, value)
}

/** An object of named options; where all of them may be left out, leave out the object as well. */
export function options(name: string, value: unknown): asserts value is object {
  if (Array.isArray(value)) throw wrongType(name, 'of type object', value)
  having(name, value, 'of type object')
}

/** As `options`, with no names but `known`: a misspelt one would be left out without a word. */
export function optionsOf(
  name: string,
  value: unknown,
  known: readonly string[],
): asserts value is object {
  options(name, value)
  const unknown = Object.keys(value).find((key) => !known.includes(key))
  if (unknown !== undefined) throw unknownOption(name, unknown, known)
}

function unknownOption(name: string, given: string, known: readonly string[]): ArgumentError {
  const guess = guessText(given, known)
  const reason = `has no option ${quoted(given)}, only ${known.join(', ')}`
  const message = `The argument "${name}" ${reason}.${guess === undefined ? '' : ` ${guess}`}`
  return Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_VALUE' as const })
}

/** A size and more: objects with other names are welcome, but not with one that misspells `known`. */
export function notMisspelt(name: string, value: object, known: readonly string[]): void {
  for (const key of Object.keys(value)) {
    const meant = known.includes(key) ? undefined : nearest(key, known)
    if (meant === undefined || meant in value) continue
    throw unknownOption(name, key, known)
  }
}

export function list(name: string, value: unknown): asserts value is readonly unknown[] {
  if (!Array.isArray(value)) throw wrongType(name, 'an array', value)
}

/** One of the texts `allowed`. */
export function oneOf(name: string, value: unknown, allowed: readonly string[]): void {
  if (typeof value === 'string' && allowed.includes(value)) return
  const all = allowed.map((one) => `'${one}'`).join(', ')
  if (typeof value !== 'string') throw wrongType(name, `one of ${all}`, value)
  throw wrongValue(name, `must be one of ${all}`, value)
}

/** Whether `value` can end a wait. */
export function isSignal(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('aborted' in value)) return false
  return 'addEventListener' in value && typeof value.addEventListener === 'function'
}

/** An AbortSignal, or undefined. */
export function signal(name: string, value: unknown): void {
  if (value === undefined || isSignal(value)) return
  throw wrongType(name, 'an AbortSignal', value)
}

/** Checks the options of a waiting call: an object whose `signal`, if any, is an AbortSignal. */
export function waitOptions(name: string, value: unknown, others: readonly string[] = []): void {
  optionsOf(name, value, [...others, 'signal'])
  signal(`${name}.signal`, (value as { signal?: unknown }).signal)
}
