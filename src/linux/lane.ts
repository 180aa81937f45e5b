import { onceAborted } from '../events/once-aborted.ts'

/** Lets a bounded number of tasks run at a time; the others wait for their turn, and may give up. */
export class Lane {
  readonly #width: number
  #running = 0
  readonly #queue: (() => void)[] = []

  /** `width`: how many run at a time. */
  constructor(width: number) {
    this.#width = width
  }

  /** May sleep. Runs `task` when it is its turn; undefined where `signal` aborts before. */
  async run<T>(task: () => Promise<T>, signal: AbortSignal | undefined): Promise<T | undefined> {
    if (this.#running >= this.#width && !(await this.#turn(signal))) return undefined
    this.#running++
    try {
      return await task()
    } finally {
      this.#running--
      this.#queue.shift()?.()
    }
  }

  #turn(signal: AbortSignal | undefined): Promise<boolean> {
    return new Promise((resolve) => {
      const begin = (): void => {
        stopListening()
        resolve(true)
      }
      const stopListening = onceAborted(signal, () => {
        this.#queue.splice(this.#queue.indexOf(begin), 1)
        resolve(false)
      })
      this.#queue.push(begin)
    })
  }
}
