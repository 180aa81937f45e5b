/**
 * Watches a program until it ends, in any way.
 *
 * Virtual time moves only while a task waits in the kernel. A program that has not ended and does
 * not wait there for many host turns in a row waits for something else, and would wait for ever as
 * far as the simulation can see.
 */
import type { Wait } from '../sim/index.ts'
import { ProbeError, type SimKernel } from '../sim/index.ts'
import { pending, stuck, waitsElsewhere, waitsForSignal } from './hang.ts'
import type { HeldBuffers } from './held-buffers.ts'
import { threwText } from './places.ts'
import type { Program, ProgramEnd, ProgramError } from './program.ts'
import { fullMessageOf, isError, messageOf } from './thrown.ts'

/** How long, in milliseconds of the host, a program may wait for an event outside of the kernel. */
const IDLE_LIMIT = 1500
const IDLE_STEP = 50

export interface Supervision {
  readonly signal?: AbortSignal | undefined
  readonly onStuck: (report: (waits: readonly Wait[]) => void) => void
  /** Who holds the buffers meanwhile. */
  readonly held: HeldBuffers
  /** Takes the listener for errors of the caller's callbacks. */
  readonly onCallbackError: (report: (error: ProgramError) => void) => void
}

/** May sleep. Runs `program` on `kernel` as its main task until it ends. */
export async function supervise(
  program: Program,
  kernel: SimKernel,
  { signal, onStuck, onCallbackError, held }: Supervision,
): Promise<ProgramEnd> {
  return await new Promise<ProgramEnd>((resolve) => {
    let over = false
    const end = (how: ProgramEnd): void => {
      if (over) return
      over = true
      stopWatching()
      signal?.removeEventListener('abort', onAbort)
      resolve(how)
    }
    const onAbort = (): void => end({ error: stopped(signal?.reason) })
    const stopWatching = watchIdle(kernel, held, end)
    onStuck((waits) => end({ error: stuck({ waits, tasks: kernel.scheduler.liveTasks, held }) }))
    onCallbackError((error) => end({ error }))
    if (over) return
    if (signal?.aborted === true) return onAbort()
    signal?.addEventListener('abort', onAbort, { once: true })
    start(program, kernel).then(
      (value) => end(returned(kernel, value)),
      (cause: unknown) => end({ error: { ...threw(cause), unwound: isUnwound(kernel) } }),
    )
  })
}

/**
 * The program begins in a separate turn, so that the caller's own work does not count as the
 * program's.
 */
async function start(program: Program, kernel: SimKernel): Promise<unknown> {
  await kernel.scheduler.point(['main'])
  await kernel.probe()
  return await program(kernel)
}

/** Whether nothing of the program goes on. */
function isUnwound({ scheduler }: SimKernel): boolean {
  return !scheduler.hasWaiters && scheduler.liveTasks.length === 0
}

/** How a program ended that returned: not well while calls of it go on, or when a task was lost. */
function returned(kernel: SimKernel, value: unknown): ProgramEnd {
  if (kernel.scheduler.hasWaiters) return { error: pending(kernel.scheduler.waits) }
  const [lost] = kernel.lostFailures
  return lost === undefined ? { value } : { error: threw(lost.cause, lost.task) }
}

/** Ends a program that has been idle for too long; returns how to stop looking. */
function watchIdle(
  kernel: SimKernel,
  held: HeldBuffers,
  end: (how: ProgramEnd) => void,
): () => void {
  let idle = 0
  let epoch = -1
  const look = (): void => {
    const { scheduler } = kernel
    const waits = scheduler.hasWaiters && !scheduler.waitsForSignals
    const moved = waits || scheduler.epoch !== epoch
    idle = moved ? 0 : idle + IDLE_STEP
    epoch = kernel.scheduler.epoch
    timer = setTimeout(look, IDLE_STEP)
    if (idle >= IDLE_LIMIT) end({ error: idleError(kernel, held) })
  }
  let timer = setTimeout(look, IDLE_STEP)
  return () => clearTimeout(timer)
}

function idleError({ scheduler }: SimKernel, held: HeldBuffers): ProgramError {
  const { waits, liveTasks: tasks } = scheduler
  return scheduler.waitsForSignals
    ? waitsForSignal({ waits })
    : waitsElsewhere({ waits, tasks, held })
}

function threw(cause: unknown, task?: string): ProgramError {
  if (isError(cause) && cause instanceof ProbeError) {
    return { kind: 'threw', message: fullMessageOf(cause), cause }
  }
  const who = task === undefined ? 'the program' : `task '${task}', which was never awaited,`
  return { kind: 'threw', message: threwText(who, cause), cause }
}

function stopped(reason: unknown): ProgramError {
  return { kind: 'stopped', message: `the run was stopped: ${messageOf(reason)}`, cause: reason }
}
