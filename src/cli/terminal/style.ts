/** Colours, and amounts in readable units. */
import { relative } from 'node:path'
import pc from 'picocolors'
import type { Place } from '../runs/record.ts'
import { printable } from './printable.ts'

export type Colors = ReturnType<typeof pc.createColors>

export interface Style {
  readonly colors: Colors
  readonly isColored: boolean
  /** The width of the terminal in characters. Undefined in a pipe or file. */
  readonly columns: number | undefined
}

interface Stream {
  readonly isTTY?: boolean
  readonly columns?: number
}

/** Colours on `stream` unless the user, the environment or the kind of terminal forbids them. */
export function styleFor(stream: Stream, wanted: boolean): Style {
  const isColored = wanted && wantsColor(stream)
  const columns = stream.isTTY === true ? stream.columns : undefined
  return { colors: pc.createColors(isColored), isColored, columns }
}

/** See no-color.org; FORCE_COLOR is Node's own. */
function wantsColor({ isTTY = false }: Stream): boolean {
  const { NO_COLOR = '', FORCE_COLOR = '', TERM } = process.env
  if (NO_COLOR !== '') return false
  if (FORCE_COLOR !== '') return FORCE_COLOR !== '0'
  return isTTY && TERM !== 'dumb'
}

/** `file:line:column` relative to the working directory. Terminals make it a link. */
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
