/**
 * A program that waits for ever: the waiting tasks, their places and objects, and the missing
 * event.
 */
import type { EventOrigin } from '../events/event.ts'
import type { LiveTask, Wait } from '../sim/index.ts'
import type { HeldBuffers, HeldQueue, OutBuffer } from './held-buffers.ts'
import { placeOf } from './places.ts'
import type { ProgramError } from './program.ts'

/** The state of a run in which nothing goes on. */
export interface Hang {
  readonly waits: readonly Wait[]
  readonly tasks: readonly LiveTask[]
  readonly held: HeldBuffers
}

/** Every task waits for something that nothing on the board will deliver. */
export function stuck({ waits, tasks, held }: Hang): ProgramError {
  const idle = tasks.filter(({ waitsElsewhere }) => waitsElsewhere).map(({ task }) => task)
  const lines = [
    `the program waits for an event that no device will deliver: ${textOf(waits)}`,
    ...idle.map((task) => idleText(task, held)),
    ...held.queues.flatMap(starved),
  ]
  return {
    kind: 'stuck',
    message: `${lines.join('; ')}. ${adviceFor(waits, idle, held)}`,
    place: placeOf(waits.find(({ touches }) => !isForTask(touches))?.origin ?? waits[0]?.origin),
  }
}

/** The program, or a task of it, waits for a promise that no call of the kernel settles. */
export function waitsElsewhere({ tasks, held }: Hang): ProgramError {
  const idle = ['main', ...tasks.map(({ task }) => task)]
  const queues = held.queues.flatMap(starved)
  const known = `the program is waiting for something outside the kernel: ${idle.map((task) => idleText(task, held)).join('; ')}`
  const starving = queues.length > 0 ? ` In the meantime ${queues.join('; ')}: ${FREE}.` : ''
  return {
    kind: 'waits-elsewhere',
    message:
      `${known}.${starving} It may be a promise of the program, such as that of a pool or a queue between tasks, which ` +
      'a task has to settle; or a timer or a fetch: use kernel.sleep() for time, and get outside data ' +
      'before the program begins.',
    place: placeOf(held.lastCall('main')?.origin),
  }
}

/** Nothing on the board will end the waits, but a signal could. */
export function waitsForSignal({ waits }: Pick<Hang, 'waits'>): ProgramError {
  return {
    kind: 'waits-elsewhere',
    message:
      `${textOf(waits)}: nothing on the board will end this wait, and its signal is never aborted. ` +
      'Abort it from a task that sleeps with kernel.sleep().',
    place: placeOf(waits[0]?.origin),
  }
}

/** The program returned, and calls of it have not. */
export function pending(waits: readonly Wait[]): ProgramError {
  return {
    kind: 'pending',
    message:
      `the program returned while it was still waiting: ${textOf(waits)}. ` +
      'Await every call, or collect the promises with Promise.all.',
    place: placeOf(waits[0]?.origin),
  }
}

// --- words -----------------------------------------------------------------------------------------

const FREE =
  'dispose each frame when it is no longer used (`for await (await using frame of camera.frames())`), or start with more buffers'

function textOf(waits: readonly Wait[]): string {
  return waits
    .map(
      ({ task, touches, origin }) => `${nameOf(task)} waits for ${objectOf(touches)}${at(origin)}`,
    )
    .join('; ')
}

function nameOf(task: string): string {
  return task === 'main' ? 'the program' : `task '${task}'`
}

function objectOf(touches: readonly string[]): string {
  if (touches.length === 0) return 'a time'
  return touches
    .map((what) => {
      if (what.startsWith('/dev/video')) return `a frame of ${what}`
      if (what.startsWith('/dev/dri/')) return `an event of ${what}`
      return isForTask([what]) ? `${what} to end` : what
    })
    .join(', ')
}

function isForTask(touches: readonly string[]): boolean {
  return touches.some((what) => what.startsWith("task '"))
}

function idleText(task: string, held: HeldBuffers): string {
  const call = held.lastCall(task)
  const last = call === undefined ? '' : ` (its last call was ${call.name}${at(call.origin)})`
  return `${nameOf(task)} waits for a promise that none of its calls settles${last}`
}

/** A queue that no buffer is left in. */
function starved({ device, queued, out }: HeldQueue): string[] {
  if (queued > 0 || out.length === 0) return []
  const holders = new Map<string, number>()
  for (const one of out) {
    const holder = holderOf(one)
    holders.set(holder, (holders.get(holder) ?? 0) + 1)
  }
  const who = [...holders].map(([holder, count]) => `${count} ${holder}`).join(', ')
  return [`all ${out.length} buffers of ${device} are held: ${who}`]
}

function holderOf({ origin, reader }: OutBuffer): string {
  if (reader !== undefined) return `by ${reader}, which shows or reads it`
  const taken = at(origin, 'taken at')
  return `by the program${taken === '' ? '' : `${taken} and not returned`}`
}

function at(origin: EventOrigin | undefined, how = 'at'): string {
  const place = placeOf(origin)
  if (place === undefined) return ''
  return ` (${how} ${place.file.replace(/^.*[\\/]/, '')}:${place.line}:${place.column})`
}

function adviceFor(
  waits: readonly Wait[],
  idle: readonly string[],
  { queues }: HeldBuffers,
): string {
  const touches = waits.flatMap((wait) => wait.touches)
  const frames = touches.some((what) => what.startsWith('/dev/video'))
  const starving = queues.filter((queue) => starved(queue).length > 0)
  if (starving.length > 0 && (frames || idle.length > 0)) {
    const byDevices = starving.every(({ out }) => out.every(({ reader }) => reader !== undefined))
    return byDevices
      ? 'Start with more buffers: a display keeps the one that it shows until the next flip.'
      : `${FREE[0]?.toUpperCase()}${FREE.slice(1)}.`
  }
  if (frames) return 'Queue a buffer before you wait for a frame, and start the stream.'
  if (touches.some((what) => what.startsWith('/dev/dri/'))) {
    return 'A display sends an event for each pageFlip that asks for one: flip before you wait for it.'
  }
  if (idle.length > 0) {
    return 'If tasks wait for each other, one of them must continue: settle the promise from a task that runs, also when it ends or fails.'
  }
  return 'Make sure that a running task or device ends the wait.'
}
