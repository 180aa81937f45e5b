/**
 * Runs a program on the simulated kernel with its calls recorded twice: by the kernel, and from
 * outside.
 */

import {
  type Board,
  type FrameSource,
  patternSource,
  type RunResult,
  runProgram,
  type TellingKernel,
} from 'dmabuf/sim'
import type { DmabufEvent } from '../../../src/events/event.ts'
import { EventStream } from '../../../src/events/stream.ts'
import type { SimKernel } from '../../../src/sim/kernel.ts'
import { scopeOf } from '../../../src/syscalls/call-scope.ts'
import { guarded } from '../../../src/syscalls/guard.ts'
import type { Syscalls } from '../../../src/syscalls/syscalls.ts'
import { tap } from '../../../src/tap/tap.ts'
import { UserEvents } from '../../../src/tap/user-events/user-events.ts'
import { type BugProgram, loadProgram, programNames } from '../../bugs/programs.ts'

/** The program of a test. */
export type Subject = Pick<BugProgram, 'name' | 'program' | 'prepare' | 'drivers'> & {
  readonly board: Board | string
  /** The camera's pictures. */
  readonly source: FrameSource
}

/** The outcome of one run, and its events. */
export interface Watched {
  readonly result: RunResult
  /** By the kernel itself, which sees everything. */
  readonly kernel: readonly DmabufEvent[]
  /** From the calls alone, as of a kernel without events. */
  readonly user: readonly DmabufEvent[]
}

/** May sleep. */
export async function watch(subject: Subject): Promise<Watched> {
  const { program, prepare, drivers, board, source } = subject
  let told: Omit<Watched, 'result'> = { kernel: [], user: [] }
  const result = await runProgram(program, {
    board,
    source,
    drivers,
    equal: (a, b) => Buffer.compare(a, b) === 0,
    prepare: (sim) => {
      prepare?.(sim)
      told = watchBoth(sim)
    },
  })
  const { kernel, user } = told
  const end = kernel.find(({ kind }) => kind === 'program-end')
  if (end === undefined) throw new Error('the program has no end')
  return { result, kernel, user: [...user, { ...end, id: (user.at(-1)?.id ?? 0) + 1 }] }
}

/** The events of `sim` from now on; its calls are recorded from outside as well. */
export function watchBoth(sim: SimKernel): { kernel: DmabufEvent[]; user: DmabufEvent[] } {
  const kernel: DmabufEvent[] = []
  const user: DmabufEvent[] = []
  sim.events.listen((event) => kernel.push(event))
  watchCalls(sim).listen((event) => user.push(event))
  return { kernel, user }
}

/** `sim` as a kernel that emits a program's calls and nothing else, as a real one. */
export function callsAlone(sim: SimKernel): TellingKernel {
  const events = watchCalls(sim)
  return {
    name: 'linux',
    sys: sim.sys,
    events,
    now: () => sim.now(),
    sleep: (time, options) => sim.sleep(time, options),
    spawn: (name, body) => sim.spawn(name, body),
  }
}

/** Puts the recording of calls before the kernel's own, which stays as it is. */
function watchCalls(sim: SimKernel): EventStream {
  const scope = scopeOf(sim.sys)
  const events = new EventStream({
    get now() {
      return sim.now()
    },
    get agent() {
      return { kind: 'task' as const, name: sim.scheduler.current.name }
    },
    get task() {
      return sim.scheduler.current.id
    },
    get origin() {
      return scope.origin
    },
    get within() {
      return scope.within
    },
    process: 1,
    during: undefined,
  })
  const emit = events.emit.bind(events)
  const outside = guarded(tap(new UserEvents(sim.sys, emit).sys, emit))
  ;(sim as { sys: Syscalls }).sys = outside
  return events
}

const examples = [
  'held-across-queueing',
  'leak',
  'no-bracket',
  'pipeline',
  'read-bracket',
  'requeue-too-early',
  'second-start',
]

/** May sleep. Every example and every program of bugs/, each on the last of its boards. */
export async function subjects(): Promise<Subject[]> {
  const bugs = await Promise.all(programNames().map(loadProgram))
  const own = await Promise.all(
    examples.map(async (name) => ({
      name,
      program: (await import(`../../../examples/${name}.ts`)).default,
      prepare: undefined,
      drivers: undefined,
      board: 'arm-soc',
      source: patternSource(640, 360),
    })),
  )
  // The bugs use the camera's own size.
  const source = patternSource(64, 32)
  return [...own, ...bugs.map((bug) => ({ ...bug, source, board: bug.boards.at(-1) ?? 'arm-soc' }))]
}
