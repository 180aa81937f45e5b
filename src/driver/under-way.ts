/**
 * What is under way in a driver, by task: which operation of an exporter, so that a mapping made in it is
 * known to be the buffer's; and which call of user space, so that a buffer that was given away in it is
 * known to be no longer the driver's.
 */
import type { Attachment } from '../kernel/dmabuf/attachment.ts'
import type { DmaBuf } from '../kernel/dmabuf/dma-buf.ts'
import type { Scheduler, Task } from '../machine/scheduler.ts'

/** An operation of the driver as an exporter. */
export interface OperationUnderWay {
  readonly buffer: DmaBuf
  readonly attachment?: Attachment | undefined
}

/** A call of user space on a file of the driver's. */
interface CallUnderWay {
  readonly published: Set<DmaBuf>
}

export class UnderWay {
  readonly #scheduler: Scheduler
  readonly #operations = new WeakMap<Task, OperationUnderWay[]>()
  readonly #calls = new WeakMap<Task, CallUnderWay[]>()

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler
  }

  /** The innermost operation of the task whose turn it is. */
  get operation(): OperationUnderWay | undefined {
    return this.#operations.get(this.#scheduler.current)?.at(-1)
  }

  /** The buffer got a descriptor: from now on user space may close it. */
  publish(buffer: DmaBuf): void {
    this.#calls.get(this.#scheduler.current)?.at(-1)?.published.add(buffer)
  }

  /** Whether the buffer got a descriptor in the call that the task is in. */
  isPublished(buffer: DmaBuf): boolean {
    return this.#calls.get(this.#scheduler.current)?.at(-1)?.published.has(buffer) ?? false
  }

  /** Runs `body`, which may return a promise, as an operation. */
  inOperation<T>(operation: OperationUnderWay, body: () => T): T {
    return during(this.#operations, this.#scheduler.current, operation, body)
  }

  /** Runs `body`, which may return a promise, as a call of user space. */
  inCall<T>(body: () => T): T {
    return during(this.#calls, this.#scheduler.current, { published: new Set() }, body)
  }
}

/** `entry` is on top of the task's stack while `body` runs, and until what it promised is settled. */
function during<E, T>(stacks: WeakMap<Task, E[]>, task: Task, entry: E, body: () => T): T {
  const stack = stacks.get(task) ?? []
  stacks.set(task, stack)
  stack.push(entry)
  const leave = (): void => {
    stack.splice(stack.lastIndexOf(entry), 1)
  }
  let result: T
  try {
    result = body()
  } catch (error) {
    leave()
    throw error
  }
  if (!isPromise(result)) {
    leave()
    return result
  }
  return result.then(
    (value) => {
      leave()
      return value
    },
    (error: unknown) => {
      leave()
      throw error
    },
  ) as T
}

function isPromise(value: unknown): value is Promise<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { then?: unknown }).then === 'function'
  )
}
