/** The calls that a program makes, as they are made. */
import type { CallEvent, DmabufEvent } from '../../events/event.ts'
import { placeOf } from '../../run/places.ts'
import type { ProgressCounters } from '../runs/messages.ts'
import type { Failure } from '../runs/record.ts'

/** Counts calls for the command, and remembers the latest. */
export class CallWatch {
  readonly #progress: ProgressCounters
  #latest: CallEvent | undefined

  constructor(progress: ProgressCounters) {
    this.#progress = progress
  }

  observe(event: DmabufEvent): void {
    const isCall = event.kind === 'call' && event.phase === 'enter'
    if (isCall) this.#latest = event
    this.#progress.event(event.time, isCall)
  }

  /** `failure` of a run that was ended from outside, with the place that the program had come to. */
  located(failure: Failure): Failure {
    if (this.#latest === undefined) return failure
    const { name, origin } = this.#latest
    const message = `${failure.message}; its latest call is ${name}`
    return { ...failure, message, place: placeOf(origin) }
  }
}
