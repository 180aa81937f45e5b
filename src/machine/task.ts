/**
 * Who runs and why: a task, and the frames that are in progress on it.
 *
 * The innermost frame is the cause of everything that happens. It stamps each event with the source line
 * and the event within which it happens.
 */
import { isPromise } from '../base/is-promise.ts'
import type { AccessOperation, EventId, EventOrigin } from '../events/event.ts'

/** Something in progress on a task: a system call, a driver's call or an operation of a driver. */
export class Frame {
  /** The source line that made it. Undefined: the line of the frame around it. */
  readonly origin: EventOrigin | undefined
  /** The event that began it. Undefined: the event of the frame around it. */
  readonly within: EventId | undefined
  /** The exporter's operation that it is, at an end of a CPU access. */
  readonly during: AccessOperation | undefined = undefined

  constructor(origin?: EventOrigin, within?: EventId) {
    this.origin = origin
    this.within = within
  }
}

export interface TaskOptions {
  /** 1 is the program's first task; 0 stands for timers, which no task runs. */
  readonly id: number
  /** For people: two tasks may have one name. */
  readonly name: string
  /** A thread of a driver: it works while the program waits, and no task waits for its end. */
  readonly background?: boolean | undefined
}

export class Task {
  readonly id: number
  readonly name: string
  readonly background: boolean
  /** 1 for the program's tasks; 0 for threads of drivers and for timers. */
  readonly process: number
  /** Outermost first. */
  readonly #frames: Frame[] = []

  constructor({ id, name, background = false }: TaskOptions) {
    this.id = id
    this.name = name
    this.background = background
    this.process = background || id === 0 ? 0 : 1
  }

  /** The line that made the innermost frame with a known line. */
  get origin(): EventOrigin | undefined {
    for (let at = this.#frames.length - 1; at >= 0; at--) {
      const { origin } = this.#frames[at] as Frame
      if (origin !== undefined) return origin
    }
    return undefined
  }

  /** The event within which everything happens now. */
  get within(): EventId | undefined {
    for (let at = this.#frames.length - 1; at >= 0; at--) {
      const { within } = this.#frames[at] as Frame
      if (within !== undefined) return within
    }
    return undefined
  }

  /** The exporter's operation that is running, at an end of a CPU access. */
  get during(): AccessOperation | undefined {
    for (let at = this.#frames.length - 1; at >= 0; at--) {
      const { during } = this.#frames[at] as Frame
      if (during !== undefined) return during
    }
    return undefined
  }

  /** The innermost frame of a class for which `holds`. */
  innermost<F extends Frame>(
    kind: abstract new (...given: never[]) => F,
    holds: (frame: F) => boolean = () => true,
  ): F | undefined {
    for (let at = this.#frames.length - 1; at >= 0; at--) {
      const frame = this.#frames[at]
      if (frame instanceof kind && holds(frame)) return frame
    }
    return undefined
  }

  /**
   * A call of this task inside the kernel. A task that makes several calls at once waits for each of
   * them, and none of them holds the locks of another.
   */
  thread(): Task {
    return new Task(this)
  }

  /**
   * Runs `body` in `frame`. If `body` returns a promise, the frame ends when it settles: it may then not
   * be the innermost one, because one task can wait for several promises.
   */
  run<T>(frame: Frame, body: () => T): T {
    this.#frames.push(frame)
    let result: T
    try {
      result = body()
    } catch (error) {
      this.#leave(frame)
      throw error
    }
    if (!isPromise(result)) {
      this.#leave(frame)
      return result
    }
    return this.#settled(frame, result) as T
  }

  async #settled<T>(frame: Frame, promise: PromiseLike<T>): Promise<T> {
    try {
      return await promise
    } finally {
      this.#leave(frame)
    }
  }

  #leave(frame: Frame): void {
    if (this.#frames.at(-1) === frame) this.#frames.pop()
    else this.#frames.splice(this.#frames.lastIndexOf(frame), 1)
  }
}
