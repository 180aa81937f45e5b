import { errno } from '../../abi/errno.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import type { Machine } from '../../machine/machine.ts'
import { Frame } from '../../machine/task.ts'
import type { CallScope, Failure } from '../../syscalls/call-scope.ts'
import type { CallTime } from './call-time.ts'
import type { Failures } from './failures.ts'

/**
 * The part that all system calls share: each is counted, can be made to fail, and is a frame with the
 * program's line. A KernelError from below becomes a negative errno, with its reason in the caller's failure.
 */
export class SyscallEntry {
  readonly #machine: Machine
  readonly #failures: Failures
  readonly #time: CallTime
  readonly #scope: CallScope

  constructor(machine: Machine, failures: Failures, time: CallTime, scope: CallScope) {
    this.#machine = machine
    this.#failures = failures
    this.#time = time
    this.#scope = scope
  }

  /** A synchronous call. */
  call(name: string, body: () => number): number {
    this.#enter()
    this.#time.owe()
    const { origin, within, failure } = this.#scope
    const refused = this.#failures.next(name)
    if (refused !== undefined) return refused
    try {
      return this.#machine.scheduler.current.run(new Frame(origin, within), body)
    } catch (error) {
      return toErrno(error, failure)
    }
  }

  /**
   * A call that may sleep: it takes its time first, and is about the objects `touches`. Inside the kernel
   * it is a separate thread of the task.
   */
  async sleepingCall(touches: readonly string[], body: () => Promise<number>): Promise<number> {
    this.#enter()
    const { origin, within, failure } = this.#scope
    await this.#time.pass(touches)
    const { scheduler } = this.#machine
    const caller = scheduler.current
    const thread = caller.thread()
    scheduler.switchTo(thread)
    try {
      return await thread.run(new Frame(origin, within), body)
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
