/** Runs a program on a real kernel, and judges it by its calls. */
import { Checker } from '../check/checker.ts'
import { EventBatch } from '../events/batch.ts'
import type { CallEvent, DmabufEvent, NewEvent } from '../events/event.ts'
import type { Cost } from '../sim/index.ts'
import type { Kernel } from '../syscalls/kernel.ts'
import { Callbacks, endAfter } from './callbacks.ts'
import { endEvent, judged, siteOf, withoutRules } from './judging.ts'
import { placeOf, threwText } from './places.ts'
import type { Program, ProgramEnd, ProgramError } from './program.ts'
import type { RunOptions, RunResult } from './run-program.ts'
import { messageOf } from './thrown.ts'
import { traceFor } from './trace.ts'

/** A kernel that emits the events of programs on it, as LinuxKernel of dmabuf/linux does. */
export interface TellingKernel extends Kernel {
  readonly events: {
    listen(listener: (event: DmabufEvent) => void): () => void
    emit(event: NewEvent): unknown
  }
}

type Options = Pick<RunOptions, 'signal' | 'onEvent' | 'disabledRules' | 'trace'>

/**
 * May sleep. Runs `program` on `kernel` until it ends. No board is simulated and nothing is
 * released: leaks are reported, and stay. A program that was stopped goes on by itself.
 */
export async function runOnKernel(
  program: Program,
  kernel: TellingKernel,
  { signal, onEvent, disabledRules = [], trace: target }: Options,
): Promise<RunResult> {
  const checker = new Checker({ site: siteOf, locate: placeOf, shown: 'calls' })
  const batch = new EventBatch((event) => checker.observe(event))
  const calls = new Calls()
  const callbacks = new Callbacks()
  const listener = callbacks.guarded('onEvent', onEvent)
  const trace = traceFor(target, callbacks, {
    ...{ board: kernel.name, judgedAs: kernel.name, policy: 'none', seed: 0 },
    ...{ lineSize: LINE_SIZE, shown: 'calls', notCheckable: [] },
  })
  const stop = kernel.events.listen((event) => {
    batch.add(event)
    calls.observe(event)
    trace?.event(event)
    listener(event)
  })
  const began = kernel.now()
  const ended = await endOf(program, kernel, { calls, callbacks, signal })
  const time = kernel.now() - began
  kernel.events.emit(endEvent('error' in ended ? ended.error : undefined))
  stop()
  const end = endAfter(ended, callbacks)
  batch.flush()
  const result = withoutRules(checker.finish(), disabledRules)
  const report = {
    ...({ board: kernel.name, judgedAs: kernel.name, policy: 'none', seed: 0 } as const),
    ...result,
    cost: { ...NOTHING, syscalls: calls.count, time },
    ...{ frames: 0, wrongFrames: 0 },
    ...judged(end, result),
  }
  trace?.end({ ...report, cost: { ...report.cost } })
  return report
}

/** The checker's default: a real kernel reports no cache lines. */
const LINE_SIZE = 64

/** The cost that a real kernel does not report. */
const NOTHING: Cost = {
  ...{ syscalls: 0, cleaned: 0, invalidated: 0, dmaIn: 0, dmaOut: 0 },
  ...{ cpuBytes: 0, bounced: 0, attachments: 0, mappings: 0, faults: 0, zapped: 0, time: 0 },
}

/** Counts calls, and knows those that are not back yet. */
class Calls {
  count = 0
  readonly #underWay = new Map<number, CallEvent>()

  get underWay(): string[] {
    return [...this.#underWay.values()].map(({ name, agent }) => `${agent.name} (${name})`)
  }

  observe(event: DmabufEvent): void {
    if (event.kind !== 'call') return
    if (event.phase === 'exit') this.#underWay.delete(event.call)
    else {
      this.count++
      this.#underWay.set(event.call, event)
    }
  }
}

interface Watching {
  readonly calls: Calls
  readonly callbacks: Callbacks
  readonly signal: AbortSignal | undefined
}

async function endOf(
  program: Program,
  kernel: TellingKernel,
  { calls, callbacks, signal }: Watching,
): Promise<ProgramEnd> {
  let onAbort = (): void => {}
  const stopped = new Promise<ProgramEnd>((resolve) => {
    onAbort = () => resolve({ error: stoppedBy(signal?.reason) })
    callbacks.onError((error) => resolve({ error }))
  })
  if (signal?.aborted === true) onAbort()
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    const ended = signal?.aborted === true ? stopped : returned(program, kernel, calls)
    return await Promise.race([stopped, ended])
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
}

async function returned(program: Program, kernel: Kernel, calls: Calls): Promise<ProgramEnd> {
  try {
    const value = await program(kernel)
    const { underWay } = calls
    return underWay.length === 0 ? { value } : { error: pending(underWay) }
  } catch (cause) {
    return {
      error: { kind: 'threw', message: threwText('the program', cause), cause },
    }
  }
}

function stoppedBy(reason: unknown): ProgramError {
  return { kind: 'stopped', message: `the run was stopped: ${messageOf(reason)}`, cause: reason }
}

function pending(underWay: readonly string[]): ProgramError {
  return {
    kind: 'pending',
    message:
      `the program returned while it was still waiting for ${underWay.join('; ')}: await every call, or ` +
      'collect the promises with Promise.all',
  }
}
