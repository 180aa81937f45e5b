import type { CallEvent, DmabufEvent } from '../events/event.ts'

/** Calls of one agent that are under way, and the descriptors that a call made that is alone. */
interface UnderWay {
  count: number
  /** No other call was under way since it began: what is made is its. */
  alone: boolean
  made: number[]
}

/**
 * Descriptors that were made in a call which failed after that: the process was never told their
 * numbers, and cannot close them. They go with it, as they should: what is installed is user space's,
 * and no driver takes it back.
 */
export class UntoldDescriptors {
  readonly #untold = new Set<number>()
  readonly #underWay = new Map<string, UnderWay>()

  has(fd: number): boolean {
    return this.#untold.has(fd)
  }

  observe(event: DmabufEvent): void {
    if (event.kind === 'call') this.#call(event)
    else if (event.kind === 'fd-close') this.#untold.delete(event.fd)
    else if (event.kind === 'fd-open') this.#of(event.agent.name).made.push(event.fd)
  }

  #call({ phase, result = 0, agent }: CallEvent): void {
    const underWay = this.#of(agent.name)
    if (phase === 'enter') {
      underWay.alone = underWay.count++ === 0
      underWay.made = []
      return
    }
    if (result < 0 && underWay.alone) for (const fd of underWay.made) this.#untold.add(fd)
    underWay.count = Math.max(0, underWay.count - 1)
  }

  #of(agent: string): UnderWay {
    const known = this.#underWay.get(agent)
    if (known !== undefined) return known
    const made: UnderWay = { count: 0, alone: false, made: [] }
    this.#underWay.set(agent, made)
    return made
  }
}
