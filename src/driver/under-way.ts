/**
 * The frames of a driver: the operation of an exporter that is running, so that a mapping made in it is known
 * to be the buffer's; and the call of user space, so that a buffer that was published in it is known to be
 * no longer the driver's.
 */
import type { Attachment } from '../kernel/dmabuf/attachment.ts'
import type { DmaBuf } from '../kernel/dmabuf/dma-buf.ts'
import type { Scheduler } from '../machine/scheduler.ts'
import { Frame } from '../machine/task.ts'

/** An operation of the driver as an exporter. */
export interface OperationUnderWay {
  readonly buffer: DmaBuf
  readonly attachment?: Attachment | undefined
}

class OperationFrame extends Frame {
  readonly driver: UnderWay
  readonly operation: OperationUnderWay

  constructor(driver: UnderWay, operation: OperationUnderWay) {
    super()
    this.driver = driver
    this.operation = operation
  }
}

/** A call of user space on a file of the driver. */
class CallFrame extends Frame {
  readonly driver: UnderWay
  readonly published: Set<DmaBuf> = new Set()

  constructor(driver: UnderWay) {
    super()
    this.driver = driver
  }
}

export class UnderWay {
  readonly #scheduler: Scheduler

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler
  }

  /** The innermost operation of this driver on the current task. */
  get operation(): OperationUnderWay | undefined {
    const { current } = this.#scheduler
    return current.innermost(OperationFrame, ({ driver }) => driver === this)?.operation
  }

  /** The buffer got a descriptor: user space may close it from now on. */
  publish(buffer: DmaBuf): void {
    this.#call?.published.add(buffer)
  }

  /** Whether the buffer got a descriptor in the call that is running. */
  isPublished(buffer: DmaBuf): boolean {
    return this.#call?.published.has(buffer) ?? false
  }

  /** Runs `body`, which may return a promise, as an operation. */
  inOperation<T>(operation: OperationUnderWay, body: () => T): T {
    return this.#scheduler.current.run(new OperationFrame(this, operation), body)
  }

  /** Runs `body`, which may return a promise, as a call of user space. */
  inCall<T>(body: () => T): T {
    return this.#scheduler.current.run(new CallFrame(this), body)
  }

  get #call(): CallFrame | undefined {
    return this.#scheduler.current.innermost(CallFrame, ({ driver }) => driver === this)
  }
}
