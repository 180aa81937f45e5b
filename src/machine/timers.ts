/** Functions that run at virtual times, in order. */
import type { Choices } from './choices.ts'

export interface Timer {
  /** Virtual nanoseconds. */
  readonly time: number
  readonly run: () => void
  /** Ends a wait, however far off: while there is one, no task is stuck. */
  readonly wakes: boolean
  /** The task that set it. */
  readonly task: number
}

export class Timers {
  /** In the order of their times; of equal ones, in the order in which they were set. */
  #waiting: Timer[] = []
  readonly #choices: Choices | undefined

  constructor(choices: Choices | undefined) {
    this.#choices = choices
  }

  /** Whether one of them ends a wait. */
  get haveWake(): boolean {
    return this.#waiting.some(({ wakes }) => wakes)
  }

  /** Returns a function that takes the timer back. */
  add(timer: Timer): () => void {
    const index = this.#waiting.findIndex(({ time }) => time > timer.time)
    this.#waiting.splice(index === -1 ? this.#waiting.length : index, 0, timer)
    return () => this.#remove(timer)
  }

  /** The next timer, taken out. Of those that are due at once, the strategy chooses one. */
  take(): Timer | undefined {
    const [first, second] = this.#waiting
    if (this.#choices === undefined || first === undefined || second?.time !== first.time) {
      return this.#waiting.shift()
    }
    const timer = this.#chosen(this.#choices, first.time)
    if (timer !== undefined) this.#remove(timer)
    return timer
  }

  /** Puts back the timer that was taken last: it is the next one again. */
  putBack(timer: Timer): void {
    this.#waiting.unshift(timer)
  }

  clear(): void {
    this.#waiting = []
  }

  /** Of timers that end waits of one task the first is due: a call does not overtake an earlier one of its task. */
  #chosen(choices: Choices, time: number): Timer | undefined {
    const waking = new Set<number>()
    const candidates = this.#waiting.filter((timer) => {
      if (timer.time !== time) return false
      if (!timer.wakes) return true
      const isFirst = !waking.has(timer.task)
      waking.add(timer.task)
      return isFirst
    })
    const options = candidates.length
    return candidates[options < 2 ? 0 : choices.choose({ kind: 'timer', options, time })]
  }

  #remove(timer: Timer): void {
    this.#waiting = this.#waiting.filter((other) => other !== timer)
  }
}
