/** Colours and amounts, as terminals and people like them. */
import { relative } from 'node:path'
import pc from 'picocolors'
import type { Place } from '../runs/record.ts'
import { printable } from './printable.ts'

export type Colors = ReturnType<typeof pc.createColors>

export interface Style {
  readonly colors: Colors
  readonly isColored: boolean
}

/** Colours on `stream` unless the user, the environment or the kind of terminal is against it. */
export function styleFor(stream: { readonly isTTY?: boolean }, wanted: boolean): Style {
  const isColored = wanted && wantsColor(stream)
  return { colors: pc.createColors(isColored), isColored }
}

/** See no-color.org; FORCE_COLOR is Node's own. */
function wantsColor({ isTTY = false }: { readonly isTTY?: boolean }): boolean {
  const { NO_COLOR = '', FORCE_COLOR = '', TERM } = process.env
  if (NO_COLOR !== '') return false
  if (FORCE_COLOR !== '') return FORCE_COLOR !== '0'
  return isTTY && TERM !== 'dumb'
}

/** `file:line:column` from where the user stands, which terminals make a link of. */
export function placeText({ file, line, column }: Place): string {
  return `${printable(fileText(file))}:${line}:${column}`
}

export function fileText(file: string): string {
  return relative(process.cwd(), file).replaceAll('\\', '/')
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

/** `1.5 MiB`. */
export function bytesText(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024
    unit++
  }
  return `${short(value)} ${UNITS[unit]}`
}

/** Virtual nanoseconds as milliseconds. */
export function timeText(nanoseconds: number): string {
  return `${(nanoseconds / 1e6).toFixed(1)} ms`
}

function short(value: number): string {
  return Number.isInteger(value) || value >= 100 ? value.toFixed(0) : value.toFixed(1)
}

/** `2 findings`, `1 finding`. */
export function countText(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
