import { AsyncLocalStorage } from 'node:async_hooks'
import { SECOND } from '../base/time.ts'
import type { Agent } from '../events/event.ts'
import { type EventListener, type EventSource, EventStream } from '../events/stream.ts'
import type { CallScope } from '../syscalls/call-scope.ts'

/** A task of the program. */
interface Task {
  readonly id: number
  readonly agent: Agent
}

const MAIN: Task = { id: 1, agent: { kind: 'task', name: 'main' } }
const task = new AsyncLocalStorage<Task>()
let tasks = 1

function current(): Task {
  return task.getStore() ?? MAIN
}

/** Nanoseconds of CLOCK_MONOTONIC, exact for 104 days after power-on. */
export function monotonic(): number {
  const [seconds, rest] = process.hrtime()
  return seconds * SECOND + rest
}

/** The events of a real kernel's user side, in real time, by the task that made the call. */
export class LinuxEvents extends EventStream {
  readonly #listening = new Set<() => void>()

  readonly #onWatched: () => void

  /** `onWatched` is called when the first listener is added. */
  constructor(scope: CallScope, onWatched: () => void = () => {}) {
    super(sourceIn(scope))
    this.#onWatched = onWatched
  }

  /** Whether there is a listener. */
  get isWatched(): boolean {
    return this.#listening.size > 0
  }

  override listen(listener: EventListener): () => void {
    if (!this.isWatched) this.#onWatched()
    const stop = super.listen(listener)
    this.#listening.add(stop)
    return () => {
      stop()
      this.#listening.delete(stop)
    }
  }
}

/** Runs `body` as the task `name`: its events carry this name, also after an await. */
export function asTask<T>(name: string, body: () => Promise<T>): Promise<T> {
  return task.run({ id: ++tasks, agent: { kind: 'task', name } }, body)
}

/** The cause of an event is that of the call in `scope`. */
function sourceIn(scope: CallScope): EventSource {
  return {
    get now() {
      return monotonic()
    },
    get agent() {
      return current().agent
    },
    get task() {
      return current().id
    },
    process: 1,
    during: undefined,
    get origin() {
      return scope.origin
    },
    get within() {
      return scope.within
    },
  }
}
