/**
 * Calls of a driver's operations, which may break their contract.
 *
 * A KernelError is an operation's own failure and passes. Any other error of a custom driver is
 * emitted as a misuse, and the caller gets EIO; in a built-in driver it is a bug, and passes. A
 * sleeping operation waits under its name, so that one that never ends can be named.
 */
import { isPromise } from '../../base/is-promise.ts'
import type { DriverName, EventOrigin } from '../../events/event.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import type { Machine } from '../../machine/machine.ts'
import type { DmaBuf } from './dma-buf.ts'
import { reportMisuse } from './misuse.ts'

/** An operation that is about to be called. */
export interface Operation {
  /** The kernel's name: `map_dma_buf`. */
  readonly name: string
  readonly driver: DriverName
  readonly buffer?: number | undefined
  readonly device?: string | undefined
  /** Its arguments, for a sentence. */
  readonly given?: string | undefined
  /**
   * The line where the driver passed its operations to the kernel: an operation's result has no
   * other line.
   */
  readonly origin?: EventOrigin | undefined
}

export class Operations {
  readonly #machine: Machine
  readonly #pending = new Set<Operation>()

  constructor(machine: Machine) {
    this.#machine = machine
  }

  /** May sleep, as the operation may. Returns its result, unchecked. */
  async run<T>(operation: Operation, body: () => Promise<T> | T): Promise<T> {
    if (operation.driver.modelled) return await body()
    try {
      const result = body()
      return isPromise(result) ? await this.#waitFor(operation, result) : result
    } catch (error) {
      throw this.#failure(operation, error)
    }
  }

  /** For an operation that may not sleep. Returns its result, unchecked. */
  ask<T>(operation: Operation, body: () => T): T {
    if (operation.driver.modelled) return body()
    try {
      const result = body()
      if (!isPromise(result)) return result
      this.#refusePromise(operation, result)
    } catch (error) {
      throw this.#failure(operation, error)
    }
    throw new KernelError('EIO', `${sentence(operation)} returned a promise`)
  }

  /** For an operation that can neither sleep nor fail. */
  tell(operation: Operation, body: () => void): void {
    if (operation.driver.modelled) {
      body()
      return
    }
    try {
      const result: unknown = body()
      if (isPromise(result)) this.#refusePromise(operation, result)
    } catch (error) {
      this.#threw(operation, error)
    }
  }

  /** The result of an operation breaks its contract; returns the failure for its caller. */
  returned(operation: Operation, why: string): KernelError {
    const text = `${sentence(operation)} returned ${why}`
    this.#report(operation, 'operation-returned', text)
    return new KernelError('EINVAL', text)
  }

  /** The run is over, and it is stuck: pending operations will never return. */
  tellPending(): void {
    if (!this.#machine.scheduler.isStuck) return
    for (const operation of this.#pending) {
      const text = `${sentence(operation)} never returned: it waits for an event that will never come`
      this.#report(operation, 'operation-pending', text)
    }
  }

  async #waitFor<T>(operation: Operation, promise: PromiseLike<T>): Promise<T> {
    this.#pending.add(operation)
    try {
      return await this.#machine.scheduler.waitFor(sentence(operation), promise)
    } finally {
      this.#pending.delete(operation)
    }
  }

  #failure(operation: Operation, error: unknown): KernelError {
    if (isKernelError(error)) return error
    this.#threw(operation, error)
    return new KernelError('EIO', `${sentence(operation)} threw ${String(error)}`)
  }

  #threw(operation: Operation, error: unknown): void {
    const { stack } = error instanceof Error ? error : { stack: undefined }
    const text = `${sentence(operation)} threw ${String(error)}`
    this.#report(operation, 'operation-threw', text, stack)
  }

  #refusePromise(operation: Operation, promise: PromiseLike<unknown>): void {
    const text = `${sentence(operation)} returned a promise, and may not sleep`
    this.#report(operation, 'operation-returned', text)
    promise.then(
      () => {},
      (error: unknown) => this.#threw(operation, error),
    )
  }

  #report(
    { name, driver, buffer, device, origin: given }: Operation,
    code: 'operation-returned' | 'operation-threw' | 'operation-pending',
    text: string,
    stack?: string | undefined,
  ): void {
    const origin = stack === undefined ? given : { stack }
    reportMisuse(this.#machine, { code, operation: name, driver, buffer, device, text, origin })
  }
}

function sentence({ name, driver, given }: Operation): string {
  return `${name}(${given ?? ''}) of driver ${driver.name}`
}

/** Also of another copy of this package: its failures are failures. */
function isKernelError(error: unknown): error is KernelError {
  return error instanceof Error && error.name === 'KernelError' && 'code' in error
}

/** An operation of the exporter on a buffer. */
export function operationOn(
  { driver, inode, origin }: DmaBuf,
  name: string,
  given: string,
): Operation {
  return { name, driver, buffer: inode, given, origin }
}
