import { errno } from '../../abi/errno.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import type { Machine } from '../../machine/machine.ts'
import { currentFailure, type Failure } from '../../syscalls/failure.ts'
import { currentOrigin } from '../../syscalls/origin.ts'
import type { CallTime } from './call-time.ts'
import type { Failures } from './failures.ts'

/**
 * What every system call has in common: it is counted, it may be made to fail, the program's line is
 * in force while it runs, and a KernelError from below becomes a negative errno, with its reason in the
 * failure that the caller asked for.
 */
export class SyscallEntry {
  readonly #machine: Machine
  readonly #failures: Failures
  readonly #time: CallTime

  constructor(machine: Machine, failures: Failures, time: CallTime) {
    this.#machine = machine
    this.#failures = failures
    this.#time = time
  }

  /** A call that does not sleep. */
  call(name: string, body: () => number): number {
    this.#enter()
    this.#time.owe()
    const failure = currentFailure()
    const refused = this.#failures.next(name)
    if (refused !== undefined) return refused
    const task = this.#machine.scheduler.current
    const outer = task.origin
    task.origin = currentOrigin()
    try {
      return body()
    } catch (error) {
      return toErrno(error, failure)
    } finally {
      task.origin = outer
    }
  }

  /**
   * A call that may sleep: it takes its time first, and is about the objects `touches`. Inside the kernel
   * it is a thread of its own: a task that awaits several calls at once waits for each, and none of them
   * holds the locks that another one holds.
   */
  async sleepingCall(touches: readonly string[], body: () => Promise<number>): Promise<number> {
    this.#enter()
    const origin = currentOrigin()
    const failure = currentFailure()
    await this.#time.pass(touches)
    const { scheduler } = this.#machine
    const caller = scheduler.current
    scheduler.switchTo({ name: caller.name, background: caller.background, origin })
    try {
      return await body()
    } catch (error) {
      return toErrno(error, failure)
    } finally {
      scheduler.switchTo(caller)
    }
  }

  #enter(): void {
    this.#machine.cost.syscalls++
    this.#machine.scheduler.programRan()
  }
}

function toErrno(error: unknown, failure: Failure | undefined): number {
  if (isHostShort(error)) return toErrno(hostShort(), failure)
  if (!(error instanceof KernelError)) throw error
  if (failure !== undefined) failure.reason = error.why
  return -(errno[error.code as keyof typeof errno] ?? errno.EIO)
}

function hostShort(): KernelError {
  return new KernelError('ENOMEM', 'the host of the simulation has no memory left for it')
}

/** The engine has no bytes for a typed array, in the words of V8, SpiderMonkey and JavaScriptCore. */
function isHostShort(error: unknown): boolean {
  const words = /array buffer allocation failed|invalid (typed )?array length|out of memory/i
  return error instanceof RangeError && words.test(error.message)
}
