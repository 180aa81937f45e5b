import { AsyncLocalStorage } from 'node:async_hooks'
import type { Agent } from '../events/event.ts'
import { type EventListener, EventStream } from '../events/stream.ts'
import { currentOrigin } from '../syscalls/origin.ts'

const MAIN: Agent = { kind: 'task', name: 'main' }
const task = new AsyncLocalStorage<Agent>()

/** Nanoseconds of CLOCK_MONOTONIC, exact for 104 days after power-on. */
export function monotonic(): number {
  const [seconds, rest] = process.hrtime()
  return seconds * 1e9 + rest
}

/** The events of a real kernel's user side, in real time, by the task that made the call. */
export class LinuxEvents extends EventStream {
  readonly #listening = new Set<() => void>()

  readonly #onWatched: () => void

  /** `onWatched` is called when the first listener is added. */
  constructor(onWatched: () => void = () => {}) {
    super(monotonic, () => task.getStore() ?? MAIN, currentOrigin)
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
  return task.run({ kind: 'task', name }, body)
}
