/**
 * A schedule as a short text that needs no quotes in a shell: `1.f` (first come, first served), `1.s7` (seed 7),
 * or with recorded choices `1.f.1-2.0-3X12.k4f2`, where `1-2` is the second of two ways, `X12` repeats a choice
 * 12 times, and the last part is a check sum. `1.zf` and `1.zs7` are those of a board whose calls take no time,
 * and `1.ef` and `1.zef` those of a run in which calls may fail by choice.
 */
import { U32_MAX } from '../base/bits.ts'
import {
  type Choices,
  firstChoices,
  type MadeChoice,
  ReplayedChoices,
  SeededChoices,
} from './choices.ts'

const VERSION = '1'

export interface Schedule {
  /**
   * Calls take no virtual time, so that more tasks are ready at once: every order in which they may run is then a
   * matter of choices.
   */
  readonly timeless?: boolean | undefined
  /** Whether each call that can fail is a choice. */
  readonly failures?: boolean | undefined
  /** Seeds the choices after the recorded ones. Undefined: the first candidate. */
  readonly seed?: number | undefined
  /** Choices between tasks, timers, and success and failure, from the first one of a run on. */
  readonly made: readonly MadeChoice[]
}

/** A text that is not a schedule. */
export class ScheduleError extends RangeError {
  constructor(text: string, problem: string) {
    super(`'${text}' is not a schedule: ${problem}`)
    this.name = 'ScheduleError'
  }
}

export function scheduleText({ timeless, failures, seed, made }: Schedule): string {
  const marks = `${timeless === true ? 'z' : ''}${failures === true ? 'e' : ''}`
  const base = `${marks}${seed === undefined ? 'f' : `s${seed}`}`
  const body = [VERSION, base, ...runsOf(made)].join('.')
  return made.length === 0 ? body : `${body}.k${checkSum(body)}`
}

/** Throws a ScheduleError. */
export function parseSchedule(text: string): Schedule {
  const [version, base = '', ...rest] = text.split('.')
  if (version !== VERSION) {
    throw new ScheduleError(text, `it begins with '${version}.' and not with '${VERSION}.'`)
  }
  const start = startOf(text, base)
  if (rest.length === 0) return { ...start, made: [] }
  const sum = rest.pop()
  const body = text.slice(0, text.lastIndexOf('.'))
  if (sum !== `k${checkSum(body)}`) {
    throw new ScheduleError(
      text,
      'its check sum is wrong, so that a part of it is missing or changed',
    )
  }
  return { ...start, made: rest.flatMap((run) => choicesOf(text, run)) }
}

/** The strategy that makes the choices of a schedule. */
export function choicesFor({ seed, made }: Schedule): Choices {
  const rest = seed === undefined ? firstChoices : new SeededChoices(seed)
  return made.length === 0 ? rest : new ReplayedChoices(made, rest)
}

function startOf(text: string, base: string): Pick<Schedule, 'timeless' | 'failures' | 'seed'> {
  const [, z, e, order = '', digits] = /^(z?)(e?)(f|s(\d+))$/.exec(base) ?? []
  const seed = digits === undefined ? undefined : Number(digits)
  if (order === '' || (seed ?? 0) > U32_MAX) {
    throw new ScheduleError(text, `its second part is 'f' or 's' and a seed up to ${U32_MAX}`)
  }
  return {
    ...(z === 'z' ? { timeless: true } : {}),
    ...(e === 'e' ? { failures: true } : {}),
    seed,
  }
}

function runsOf(made: readonly MadeChoice[]): string[] {
  const runs: { text: string; count: number }[] = []
  for (const { chosen, options } of made) {
    const text = `${chosen.toString(36)}-${options.toString(36)}`
    const last = runs.at(-1)
    if (last?.text === text) last.count++
    else runs.push({ text, count: 1 })
  }
  return runs.map(({ text, count }) => (count === 1 ? text : `${text}X${count}`))
}

function choicesOf(text: string, run: string): MadeChoice[] {
  const parts = /^([0-9a-z]+)-([0-9a-z]+)(?:X(\d+))?$/.exec(run)
  if (parts === null) throw new ScheduleError(text, `'${run}' is not a choice`)
  const chosen = Number.parseInt(parts[1] ?? '', 36)
  const options = Number.parseInt(parts[2] ?? '', 36)
  if (chosen >= options) throw new ScheduleError(text, `'${run}' chooses beyond its ways`)
  return Array.from({ length: Number(parts[3] ?? 1) }, () => ({ chosen, options }))
}

/** FNV-1a of 32 bits, as four digits to base 36. */
function checkSum(text: string): string {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  }
  return ((hash >>> 0) % 36 ** 4).toString(36).padStart(4, '0')
}
